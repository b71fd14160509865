import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeRun } from './live-run.test-support.ts';
import { resultOf, sliceOf } from './run-result.test-support.ts';
import { showProgress, type TerminalOutput } from './terminal.ts';

const ESCAPE = String.fromCharCode(27);
const SEQUENCE = new RegExp(`${ESCAPE}\\[(\\d*)[A-Za-z]|[^]`, 'gu');

/** Applies what is written to a screen as a terminal would, and refuses what it does not know. */
class Screen implements TerminalOutput {
  readonly isTTY: boolean;
  readonly isColoured: boolean;
  columns: number;
  written = '';
  lines: string[] = [''];
  #row = 0;

  constructor(options: { isTTY: boolean; columns?: number; isColoured?: boolean }) {
    this.isTTY = options.isTTY;
    this.columns = options.columns ?? 100;
    this.isColoured = options.isColoured ?? false;
  }

  write(text: string): void {
    this.written += text;
    let column = [...(this.lines[this.#row] as string)].length;
    for (const [token, up] of text.matchAll(SEQUENCE)) {
      const line = [...(this.lines[this.#row] as string)];
      if (token === '\n') {
        this.#row++;
        this.lines[this.#row] ??= '';
        column = 0;
      } else if (token === '\r') column = 0;
      else if (token.endsWith('A') && up !== undefined) this.#row -= Number(up);
      else if (token === '\x1b[K') this.lines[this.#row] = line.slice(0, column).join('');
      else if (token === '\x1b[J') {
        this.lines[this.#row] = line.slice(0, column).join('');
        this.lines.length = this.#row + 1;
      } else if (!(token.startsWith(ESCAPE) && token.endsWith('m'))) {
        assert.ok(!token.startsWith('\x1b'), JSON.stringify(token));
        line[column++] = token;
        assert.ok(!this.isTTY || column <= this.columns, 'the line would wrap');
        this.lines[this.#row] = line.join('');
      }
    }
    assert.ok(this.#row >= 0);
  }

  get text(): string {
    return this.lines.join('\n');
  }
}

function run(durationMs = 30_000): FakeRun {
  return new FakeRun({ durationMs });
}

const latenciesMs = Array.from({ length: 100 }, (_, i) => i / 10 + 1);

describe('showProgress in a log', () => {
  it('writes a line per second, without escapes', () => {
    const out = new Screen({ isTTY: false, isColoured: true });
    const live = run();
    const stop = showProgress(live, out);
    live.add(sliceOf({ latenciesMs }, 0));
    live.change({ status: 'running' });
    live.add({ ...sliceOf({ latenciesMs, failed: 5, isSaturated: true }, 1), late: 3, dropped: 4 });
    stop();
    const lines = out.written.split('\n');
    assert.equal(lines.length, 3);
    assert.equal(
      lines[0],
      '1s of 30s  100/s asked → 100/s good  p50 5.90 ms  p99 10.8 ms  p99.9 10.9 ms  failed 0 %  in flight 12',
    );
    assert.match(
      lines[1] as string,
      /^2s of 30s .* 95\/s good .*failed 5 %.*dropped 4 {2}late 3 {2}GENERATOR SATURATED$/,
    );
  });

  it('writes every five seconds of a long run, about all five', () => {
    const out = new Screen({ isTTY: false, columns: 200 });
    const live = run(120_000);
    showProgress(live, out);
    for (let i = 0; i < 12; i++) live.add(sliceOf({ latenciesMs, failed: i === 3 ? 10 : 0 }, i));
    const lines = out.written.trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.match(lines[0] as string, /^5s of 2m00s .*failed 2 %/);
    assert.match(lines[1] as string, /^10s of 2m00s .*failed 0 %/);
  });

  it('shows users where they are the load, and a pause', () => {
    const out = new Screen({ isTTY: false });
    const live = run();
    showProgress(live, out);
    live.change({ status: 'paused' });
    live.add({ ...sliceOf({ latenciesMs: [] }), askedPerS: null, users: 25 });
    assert.match(out.written, /1s of 30s {2}paused/);
  });
});

describe('showProgress on a terminal', () => {
  it('writes one block anew in its place', () => {
    const out = new Screen({ isTTY: true });
    const live = run();
    showProgress(live, out);
    for (let i = 0; i < 15; i++) live.add(sliceOf({ latenciesMs }, i));
    assert.equal(out.text.match(/scenarios\/items\.ts → http:\/\/127\.0\.0\.1:8080/g)?.length, 1);
    assert.match(out.text, /\n█{20}░{20} 15s of 30s {2}running\n/);
    assert.match(out.text, /load {7}100\/s asked → 100\/s good\n/);
    assert.match(out.text, /latency {4}p50 \d/);
    assert.match(out.text, /generator {2}0\.85 cores {2}loop 61 % busy/);
    assert.doesNotMatch(out.text, /saturated/);
  });

  it('leaves nothing behind of a block that was higher', () => {
    const out = new Screen({ isTTY: true });
    const live = run();
    showProgress(live, out);
    live.add(sliceOf({ latenciesMs, isSaturated: true }, 0));
    assert.match(out.text, /saturated in 1 of 1 seconds/);
    live.slices.length = 0;
    live.change({ status: 'ending' });
    assert.doesNotMatch(out.text, /saturated|latency/);
  });

  it('never writes a line that the terminal would wrap', () => {
    const out = new Screen({ isTTY: true, columns: 40 });
    const live = new FakeRun({ name: 'a/very/long/path/'.repeat(5) });
    showProgress(live, out);
    live.add(sliceOf({ latenciesMs, failed: 3, isSaturated: true }));
    out.columns = 7;
    live.change({ scale: 2 });
  });

  it('shows saturation and failures in red, unless colour is not wanted', () => {
    for (const isColoured of [true, false]) {
      const out = new Screen({ isTTY: true, isColoured });
      const live = run();
      showProgress(live, out);
      live.add(sliceOf({ latenciesMs, failed: 1, isSaturated: true }));
      assert.equal(out.written.includes('\x1b[31m  generator'), isColoured);
      assert.equal(out.written.includes('\x1b[31m  failed'), isColoured);
      assert.equal(/\[\d+m/.test(out.written), isColoured);
    }
  });

  it('shows what somebody changed', () => {
    const out = new Screen({ isTTY: true });
    const live = run();
    showProgress(live, out);
    live.add(sliceOf({ latenciesMs }));
    live.change({ scale: 1.5, status: 'paused' });
    assert.match(out.text, /\(profile × 1\.5\)/);
    assert.match(out.text, /paused/);
  });

  it('stops when it is told to, and when the run ends', () => {
    const out = new Screen({ isTTY: true });
    const live = run();
    const stop = showProgress(live, out);
    stop();
    assert.equal(live.watchers.size, 0);
    showProgress(live, out);
    live.end(resultOf([{ latenciesMs }]));
    assert.equal(live.watchers.size, 0);
    stop();
  });
});

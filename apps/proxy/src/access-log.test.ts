import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { logRequest } from './access-log.ts';
import { failure } from './errors.ts';
import { type RequestRecord, Stopwatch, stages } from './request.ts';

/** A request that was answered in 12.3456 ms, as far as its line tells. */
const answered = {
  id: 'id-1',
  trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true },
  randomHex: () => '',
  client: { address: '192.0.2.1' },
  method: 'GET',
  host: 'example.com',
  path: '/items',
  startedMs: 1_000,
  stopwatch: undefined,
  endedAt: 'settle',
  route: { index: 3 },
  service: { name: 'items' },
  upstream: 'http://127.0.0.1:4001',
  attempts: 2,
  status: 200,
  failure: undefined,
};

/** The line of a request, read back. */
function lineOf(changes: object = {}, nowMs = 1_012.345_6): Record<string, unknown> {
  const lines: string[] = [];
  const log = { writeMembers: (members: string) => lines.push(members) };
  const record = { ...answered, ...changes } as unknown as RequestRecord;
  logRequest(log as unknown as Parameters<typeof logRequest>[0], record, nowMs);
  assert.equal(lines.length, 1);
  // ASCII only: whoever writes the line counts on one byte for each character.
  assert.match(lines[0] ?? '', /^[\x20-\x7e]*$/);
  return JSON.parse(`{${lines[0]}}`) as Record<string, unknown>;
}

describe('the line of a request', () => {
  it('tells who asked for what, who answered, and how long it took', () => {
    assert.deepEqual(lineOf(), {
      id: 'id-1',
      trace: 'a'.repeat(32),
      client: '192.0.2.1',
      method: 'GET',
      host: 'example.com',
      path: '/items',
      route: 3,
      service: 'items',
      upstream: 'http://127.0.0.1:4001',
      attempts: 2,
      status: 200,
      endedAt: 'settle',
      durationMs: 12.346,
      stagesMs: {},
    });
  });

  it('leaves out what never was', () => {
    const nothing = { route: undefined, service: undefined, upstream: undefined };
    const line = lineOf({ ...nothing, failure: failure('no-route', 'x'), endedAt: 'route' });
    for (const name of Object.keys(nothing)) assert.equal(name in line, false, name);
    assert.equal(line.failure, 'no-route');
    assert.equal(line.endedAt, 'route');
  });

  it('has each stage under its own name, to the microsecond', () => {
    let nowMs = 0;
    const stopwatch = new Stopwatch(() => nowMs);
    for (const [i, stage] of stages.entries()) {
      stopwatch.enter(stage);
      nowMs += i + 0.123_4;
    }
    const expected = stages.map((stage, i) => [stage, i + 0.123]);
    assert.deepEqual(lineOf({ stopwatch }).stagesMs, Object.fromEntries(expected));
  });

  it('has every duration to the microsecond', () => {
    const ms = fc.double({ min: 0, max: 100_000, noNaN: true });
    fc.assert(
      fc.property(ms, (durationMs) => {
        const told = lineOf({ startedMs: 0 }, durationMs).durationMs;
        assert.equal(told, Math.round(durationMs * 1_000) / 1_000);
      }),
    );
  });

  it('can be read back whatever a client sends', () => {
    const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
    const text = fc.oneof(fc.string(), fc.string({ unit: byte }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(text, text, text, (host, path, id) => {
        const line = lineOf({ host, path, id });
        assert.deepEqual([line.host, line.path, line.id], [host, path, id]);
      }),
      { numRuns: 500 },
    );
  });
});

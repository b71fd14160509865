/**
 * A program that opens connections and sends one request on each, which must be answered with its
 * own target. Run as `HOST PORT PATH SOURCE...`: it connects from the addresses SOURCE in turn and
 * asks for `/PATH/SOURCE/NUMBER`. It takes the number of connections to open now, any number of
 * times, leaves them open after their answers, and sends its counts to its parent.
 */
import { connect } from 'node:net';
import type { ClientCounts } from '../concurrency-crowd.ts';

const REPORT_INTERVAL_MS = 10;
const NUMBER_LENGTH = 7;

const [host, port, path, ...sources] = process.argv.slice(2);
const counts = { waiting: 0, answered: 0, open: 0, failed: 0, firstProblem: '' };
let opened = 0;

process.on('message', (count) => {
  for (let left = Number(count); left > 0; left--) openOne();
});
process.on('disconnect', () => process.exit());
setInterval(() => process.send?.(counts satisfies ClientCounts), REPORT_INTERVAL_MS);

function openOne(): void {
  const source = sources[opened % sources.length];
  const target = `/${path}/${source}/${String(++opened).padStart(NUMBER_LENGTH, '0')}`;
  const socket = connect({ host, port: Number(port), localAddress: source });
  let state: 'connecting' | 'waiting' | 'answered' | 'failed' = 'connecting';
  let text = '';
  const fail = (problem: string) => {
    if (state === 'failed') return;
    if (state === 'waiting') counts.waiting--;
    state = 'failed';
    counts.failed++;
    counts.firstProblem ||= `${target}: ${problem}`;
    socket.destroy();
  };
  socket.on('connect', () => {
    state = 'waiting';
    counts.open++;
    counts.waiting++;
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
    socket.once('close', () => counts.open--);
  });
  socket.on('data', (chunk) => {
    if (state !== 'waiting') {
      fail('more than one answer');
      return;
    }
    text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const body = text.slice(end + 4);
    // One without a length counts as complete, and is wrong unless it is the target.
    const length = Number(/^content-length: (\d+)\r$/im.exec(text.slice(0, end + 1))?.[1] ?? 0);
    if (body.length < length) return;
    if (!text.startsWith('HTTP/1.1 200 ') || body !== target) {
      fail(`answered ${text.slice(0, text.indexOf('\r\n'))} with ${JSON.stringify(body)}`);
      return;
    }
    text = '';
    state = 'answered';
    counts.waiting--;
    counts.answered++;
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail(`closed while ${state}`));
}

/**
 * The origins of a cache contest, all in one process: `cache-origin-server.ts PORT...`. Sends
 * `ready`, answers the message `TARGET` with the `TargetCounts` of it, and ends with its parent.
 * What it is asked for says what it does: `/small`, `/64k`, `/stale/NAME`, and for herds
 * `/answered/NAME`, `/reset/NAME`, `/error/NAME`.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { FETCH_MS, REFRESH_MS } from './cache-cases.ts';

export interface TargetCounts {
  readonly target: string;
  /** Requests for it. */
  readonly fetches: number;
  /** From the first of them to its answer; 0 before there is one. */
  readonly firstHeldMs: number;
}

const SMALL_BYTES = 200;
const LONG_FRESH = 'public, max-age=3600';
/** By the first segment of what is asked for; anything else is not to be kept. */
const FRESHNESS: Readonly<Record<string, string>> = {
  small: LONG_FRESH,
  answered: LONG_FRESH,
  reset: LONG_FRESH,
  error: LONG_FRESH,
  stale: 'public, max-age=1, stale-while-revalidate=3600',
};
const HELD_MS: Readonly<Record<string, number>> = {
  answered: FETCH_MS,
  reset: FETCH_MS,
  error: FETCH_MS,
};
const LAST_MODIFIED = new Date(Date.now() - 86_400_000).toUTCString();
const LARGE = 'x'.repeat(65_536);

const counted = new Map<string, { fetches: number; firstHeldMs: number }>();

function serve(socket: Socket): void {
  let head = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    head += chunk;
    if (!head.endsWith('\r\n\r\n')) return;
    const target = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/1.1\r\n'));
    head = '';
    answer(socket, target);
  });
  socket.on('error', () => socket.destroy());
}

function answer(socket: Socket, target: string): void {
  const counts = counted.get(target) ?? { fetches: 0, firstHeldMs: 0 };
  counted.set(target, counts);
  const nth = ++counts.fetches;
  const kind = target.split('/')[1] ?? '';
  const beganMs = performance.now();
  const act = () => {
    if (nth === 1) counts.firstHeldMs = performance.now() - beganMs;
    if (nth === 1 && kind === 'reset') socket.resetAndDestroy();
    else if (nth === 1 && kind === 'error') send(socket, 500, 'no-store', json(nth));
    else if (kind === '64k') send(socket, 200, LONG_FRESH, LARGE);
    else send(socket, 200, FRESHNESS[kind] ?? 'no-store', json(nth));
  };
  const delayMs = kind === 'stale' && nth > 1 ? REFRESH_MS : (HELD_MS[kind] ?? 0);
  if (delayMs === 0) act();
  else setTimeout(act, delayMs);
}

/** Every answer says which one of its target it is. */
function json(nth: number): string {
  const text = `{"nth":${nth},"name":""}`;
  return text.replace('""', `"${'x'.repeat(SMALL_BYTES - text.length)}"`);
}

function send(socket: Socket, status: number, cacheControl: string, body: string): void {
  socket.write(
    [
      `HTTP/1.1 ${status} ${status === 200 ? 'OK' : 'Failed'}`,
      `Date: ${new Date().toUTCString()}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      `Cache-Control: ${cacheControl}`,
      `Last-Modified: ${LAST_MODIFIED}`,
      `ETag: "${createHash('sha1').update(body).digest('hex')}"`,
      '',
      body,
    ].join('\r\n'),
    'latin1',
  );
}

process.on('message', (target) => {
  const counts = counted.get(String(target)) ?? { fetches: 0, firstHeldMs: 0 };
  process.send?.({ target: String(target), ...counts } satisfies TargetCounts);
});
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => process.exit());
for (const port of process.argv.slice(2)) {
  const server = createServer({ noDelay: true }, serve);
  server.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 });
  await once(server, 'listening');
}
process.send?.('ready');

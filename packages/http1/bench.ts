/** Time and memory per head: `node --expose-gc bench.ts`. The figures are for one core. */
import { type RequestHead, RequestParser, type ResponseHead, ResponseParser } from './src/index.ts';

const ROUNDS = 7;
const SAMPLE_MS = 250;
const ALLOCATION_HEADS = 2_000;

const smallGet = Buffer.from(
  'GET /items/42 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk/4.1.0\r\n' +
    'Connection: keep-alive\r\n\r\n',
);
const browserGet = Buffer.from(
  `GET /items/42?fields=name,price HTTP/1.1\r\nHost: shop.example.com\r\n${Array.from(
    { length: 24 },
    (_, i) => `X-Field-Number-${i}: ${'value '.repeat(5)}${i}\r\n`,
  ).join('')}\r\n`,
);
const response = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n' +
    'Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nETag: "33a64df5"\r\nCache-Control: max-age=60\r\n' +
    'Connection: keep-alive\r\n\r\n',
);

let seen = 0;
const sink = {
  head(head: RequestHead | ResponseHead) {
    seen += head.fields.count;
  },
  body() {},
  end() {},
  refuse(refusal: unknown) {
    throw refusal;
  },
};
const copySink = {
  ...sink,
  head(head: RequestHead | ResponseHead) {
    seen += head.fields.endToEnd().length;
  },
};

const requests = new RequestParser();
const responses = new ResponseParser();
const cases: [string, () => void][] = [
  ['small GET, 3 fields', () => void requests.execute(smallGet, 0, smallGet.length, sink)],
  ['small GET, and endToEnd', () => void requests.execute(smallGet, 0, smallGet.length, copySink)],
  ['GET, 25 fields', () => void requests.execute(browserGet, 0, browserGet.length, sink)],
  [
    'response, 6 fields',
    () => {
      responses.expect('GET');
      responses.execute(response, 0, response.length, sink);
    },
  ],
];

// All cases are warm before any is measured, as they are in a process that has been serving.
for (const [, run] of cases) nsPerCall(run);
for (const [name, run] of cases) {
  const ns = Math.min(...Array.from({ length: ROUNDS }, () => nsPerCall(run)));
  console.log(`${name.padEnd(26)} ${ns.toFixed(0).padStart(6)} ns  ${bytesPerCall(run)} bytes`);
}
if (seen === 0) throw new Error('nothing was parsed');

function nsPerCall(run: () => void): number {
  let calls = 0;
  const startedMs = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < SAMPLE_MS) {
    for (let i = 0; i < 1_000; i++) run();
    calls += 1_000;
    elapsedMs = performance.now() - startedMs;
  }
  return (elapsedMs * 1e6) / calls;
}

/** Few enough calls that no collection comes between the two readings. */
function bytesPerCall(run: () => void): number {
  gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < ALLOCATION_HEADS; i++) run();
  return Math.round((process.memoryUsage().heapUsed - before) / ALLOCATION_HEADS);
}

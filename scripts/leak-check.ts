/**
 * Loaded before every test file: when its tests are over, nothing they opened may be left. A
 * socket, a server, a timer or a child process that outlives its test fails the file.
 */
import { after } from 'node:test';

const LEAKS = new Set([
  'FSEvent',
  'HTTPINCOMINGMESSAGE',
  'ProcessWrap',
  'StatWatcher',
  'TCPServerWrap',
  'TCPSocketWrap',
  'Timeout',
  'UDPWrap',
]);

/** Closing takes a few turns of the event loop, more on a busy machine. */
const SETTLE_ATTEMPTS = 100;
const SETTLE_PAUSE_MS = 20;

after(async () => {
  let left = leaked();
  for (let i = 0; i < SETTLE_ATTEMPTS && left.length > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_PAUSE_MS));
    left = leaked();
  }
  if (left.length === 0) return;
  // The process would hang on them for ever; say what they are and end it.
  process.exitCode = 1;
  setTimeout(() => process.exit(1), 100).unref();
  throw new Error(`${process.argv[1]} left open: ${left.join(', ')}`);
});

function leaked(): string[] {
  return process.getActiveResourcesInfo().filter((name) => LEAKS.has(name));
}

/**
 * Loaded before every test file: when its tests are over, nothing they opened may be left. A
 * socket, a server, a timer or a child process that outlives its test fails the file.
 */
import { AsyncResource } from 'node:async_hooks';
import { after, beforeEach } from 'node:test';

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

// Hooks run in the order they are registered, and the file's own must clean up first: this one is
// registered when the first test starts, after the whole file has been read. It belongs to this
// scope, or it would be a hook of that test.
const scope = new AsyncResource('leak-check');
let isRegistered = false;
beforeEach(() => {
  if (isRegistered) return;
  isRegistered = true;
  scope.runInAsyncScope(() => after(failOnLeaks));
});

async function failOnLeaks(): Promise<void> {
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
}

function leaked(): string[] {
  return process.getActiveResourcesInfo().filter((name) => LEAKS.has(name));
}

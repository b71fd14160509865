/** A supervisor for tests, in a process that is going to be killed: says where its worker is. */
import { HTTP_WORKER } from './supervised-server.test-support.ts';
import { createSupervisor } from './supervisor.ts';

const supervisor = createSupervisor({
  workers: 1,
  start: { file: HTTP_WORKER, args: [], env: process.env },
  readyTimeoutMs: 30_000,
  stuckAfterMs: 0,
  drainTimeoutMs: 1_000,
  recycle: {},
  adopted: [],
  prepare: async (ask) => {
    await ask('start', { endpoint: { kind: 'tcp', host: '127.0.0.1', port: 0 } });
  },
  onEvent: () => {},
});
await supervisor.start();
process.send?.({
  pid: supervisor.workers[0]?.pid,
  ...supervisor.sockets.descriptors()[0]?.endpoint,
});

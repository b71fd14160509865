/**
 * For tests: a supervisor with one worker, upgraded by SIGUSR2. Its first argument is the endpoint
 * as JSON, its second a folder: a file `broken` in it keeps a successor from booting, a file `mute`
 * keeps it from ever being ready. Says what happens on stdout.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inheritedSockets, workerEnvironment } from './inherited.ts';
import { ListenSockets } from './listen-sockets.ts';
import { handleSignals } from './signals.ts';
import { predecessorOf, Upgrader } from './upgrade.ts';

const [endpoint, folder] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${process.pid} ${line}\n`);
const predecessor = predecessorOf(process.env);
const { sockets: adopted, problems } = inheritedSockets(process.env, process.pid);
for (const problem of problems) say(problem);
if (predecessor && existsSync(join(folder ?? '', 'broken'))) process.exit(3);

const sockets = new ListenSockets(adopted);
const upgrader = new Upgrader({
  command: {
    node: process.execPath,
    execArgv: process.execArgv,
    args: process.argv.slice(1),
    env: process.env,
  },
  readyTimeoutMs: existsSync(join(folder ?? '', 'mute')) ? 1_500 : 15_000,
  killAfterMs: 5_000,
  onSuccessorGone: (pid) => say(`alone again after ${pid}`),
});
sockets.keepFilesWhile(() => predecessor?.isAlive() || upgrader.successor !== undefined);

const { handle, endpoint: bound } = await sockets.open('public', JSON.parse(endpoint ?? ''));
let worker: ChildProcess | undefined;

async function startWorker(): Promise<void> {
  worker = fork(join(import.meta.dirname, 'serving-worker.test-support.ts'), {
    env: workerEnvironment(process.env),
  });
  await once(worker, 'message');
  worker.send('listen', handle as never, { keepOpen: true });
  await once(worker, 'message');
  say(`serves ${JSON.stringify(bound)} by ${worker.pid}`);
}

async function stopWorker(): Promise<void> {
  if (!worker) return;
  const exited = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exited;
  worker = undefined;
}

const uninstall = handleSignals({
  source: process,
  context: () => ({
    isStopping: false,
    hasSuccessor: upgrader.successor !== undefined,
    isOnTerminal: false,
  }),
  act: async (action) => {
    if (action === 'upgrade') say(JSON.stringify(await upgrader.upgrade(sockets.descriptors())));
    if (action === 'drain-workers') await stopWorker().then(() => say('drained'));
    if (action === 'reload') await startWorker();
    if (action === 'stop' || action === 'stop-quick') {
      await stopWorker();
      sockets.closeAll();
      clearInterval(staying);
      uninstall();
    }
  },
});
// With no worker to wait for, nothing else keeps it running.
const staying = setInterval(() => {}, 60_000);
await startWorker();
if (!predecessor || !existsSync(join(folder ?? '', 'mute'))) await predecessor?.reportReady();

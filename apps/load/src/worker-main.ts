/** The process of one worker: takes orders from the coordinator, and does not outlive it. */
import type { FromWorker, ToWorker } from './messages.ts';
import { Worker } from './worker.ts';

let worker: Worker | undefined;

process.on('message', (message: ToWorker) => {
  obey(message).catch((error: unknown) => {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  });
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches all processes of a terminal; the coordinator says what comes of it.
process.on('SIGINT', () => {});

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'prepare':
      worker = await Worker.prepare(message, tell);
      tell({ kind: 'ready' });
      break;
    case 'start':
      worker?.start(message.epochMs);
      break;
    case 'scale':
      worker?.scaleFrom(message.fromMs, message.scale);
      break;
    case 'stop':
      worker?.stop();
      break;
  }
}

function tell(message: FromWorker): void {
  process.send?.(message);
}

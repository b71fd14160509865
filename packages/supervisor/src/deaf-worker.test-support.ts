/** A worker for tests that closes the channel to its supervisor and stays. */
import { WORKER_VARIABLE } from './fork.ts';

process.send?.(`I am worker ${process.env[WORKER_VARIABLE]}`, () => process.disconnect?.());
setInterval(() => {}, 1_000);

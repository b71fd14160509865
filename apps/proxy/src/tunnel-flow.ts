/** One direction of a tunnel. */
import type { Socket } from 'node:net';
import { FrameTracker } from './websocket-frames.ts';

/**
 * Passes on what comes from one socket to the other, as fast as that takes it, and knows where the
 * frames end. What is done with a chunk, and with the end, can be changed at any time.
 */
export class TunnelFlow {
  readonly from: Socket;
  readonly to: Socket;
  readonly frames = new FrameTracker();
  onChunk: (chunk: Buffer) => void;
  onEnd: () => void;

  /** From now on nobody else passes on anything between the two. */
  constructor(from: Socket, to: Socket) {
    this.from = from;
    this.to = to;
    this.onChunk = (chunk) => {
      this.frames.follow(chunk);
      this.pass(chunk);
    };
    this.onEnd = () => to.end();
    from.unpipe(to);
    from.on('data', (chunk: Buffer) => this.onChunk(chunk));
    from.once('end', () => this.onEnd());
    to.on('drain', () => from.resume());
    from.resume();
  }

  pass(chunk: Buffer): void {
    if (chunk.length > 0 && this.to.writable && !this.to.write(chunk)) this.from.pause();
  }
}

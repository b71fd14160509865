/**
 * Closing a WebSocket from the middle, as if each side had been told by the other (RFC 6455 §7).
 * No frame is ever cut, and no message where that can be helped: what the client sends goes on
 * upstream until it has answered, and only what the upstream says after the Close frame is lost.
 */
import type { TunnelFlow } from './tunnel-flow.ts';
import { type CloseCode, closeFrame } from './websocket-frames.ts';

/** For the message under way to its end. */
const MESSAGE_MS = 5_000;
/** For the client's answer to our Close frame. */
const ANSWER_MS = 2_000;
/** For the upstream to end its side. */
const ENDING_MS = 2_000;

/** The longest a polite close takes. */
export const CLOSING_MS = MESSAGE_MS + ANSWER_MS + ENDING_MS;

export interface OpenTunnel {
  /** From the client to the upstream. */
  readonly up: TunnelFlow;
  readonly down: TunnelFlow;
  /** Closes both sockets at once. */
  cut(): void;
}

/** Closes a tunnel with `code`; `mask` is four random bytes. */
export function closeTunnel(
  { up, down, cut }: OpenTunnel,
  code: CloseCode,
  mask: Uint8Array,
): void {
  const client = down.to;
  const upstream = up.to;
  let timer: NodeJS.Timeout | undefined;
  const allow = (timeoutMs: number, onLate: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(onLate, timeoutMs);
  };

  const closeUpstream = () => {
    up.onChunk = () => {};
    up.onEnd = () => {};
    allow(ENDING_MS, cut);
    // Ends the client's socket when the upstream has answered.
    if (upstream.writable) upstream.end(closeFrame(code, mask));
    else client.end();
  };
  const closeClient = () => {
    down.onChunk = () => {};
    client.write(closeFrame(code));
    const giveUp = () => (up.frames.isBetweenFrames ? closeUpstream() : cut());
    allow(ANSWER_MS, giveUp);
    up.onEnd = giveUp;
    up.onChunk = (chunk) => {
      for (let at = 0; at < chunk.length; ) {
        const start = at;
        at = up.frames.advance(chunk, at);
        if (!up.frames.hasClosed) continue;
        up.pass(chunk.subarray(0, start));
        closeUpstream();
        return;
      }
      up.pass(chunk);
    };
  };

  if (client.destroyed) return;
  client.once('close', () => clearTimeout(timer));
  const isClosing = () =>
    up.frames.hasClosed || down.frames.hasClosed || !client.writable || !upstream.writable;
  if (isClosing()) {
    allow(ANSWER_MS, cut);
    return;
  }
  if (down.frames.isBetweenMessages) {
    closeClient();
    return;
  }
  allow(MESSAGE_MS, () => {
    if (down.frames.isBetweenFrames && !isClosing()) closeClient();
    else cut();
  });
  const passOn = down.onChunk;
  down.onChunk = (chunk) => {
    let at = 0;
    while (at < chunk.length && !down.frames.isBetweenMessages) {
      at = down.frames.advance(chunk, at);
    }
    down.pass(chunk.subarray(0, at));
    if (isClosing()) {
      down.onChunk = passOn;
      passOn(chunk.subarray(at));
    } else if (down.frames.isBetweenMessages) {
      closeClient();
    }
  };
}

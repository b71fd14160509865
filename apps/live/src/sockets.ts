// Owns the WebSocket routes: one that answers, and rooms.
import { badRequest, HttpProblem, upgradeWebSocket } from '@headgate/origin';
import type { Handler } from 'hono';
import { type Message, type Rooms, sendOrDrop } from './rooms.ts';

/** Sends every message back. */
export function echoSocket(maxBacklogBytes: number) {
  return upgradeWebSocket(() => ({
    onMessage({ data }, { raw }) {
      if (raw && isMessage(data)) sendOrDrop(raw, data, maxBacklogBytes);
    },
  }));
}

/** Sends every message to all in the room `:name`. */
export function roomSocket(rooms: Rooms) {
  return upgradeWebSocket((c) => {
    const name = c.req.param('name') ?? '';
    if (!/^[\w-]{1,64}$/.test(name)) {
      throw badRequest('a room is named with 1 to 64 letters, digits, "_" and "-"');
    }
    return {
      onOpen(_event, { raw }) {
        if (raw) rooms.join(name, raw);
      },
      onMessage({ data }) {
        if (isMessage(data)) rooms.broadcast(name, data);
      },
      onClose(_event, { raw }) {
        if (raw) rooms.leave(name, raw);
      },
    };
  });
}

/** The answer to a plain request where a WebSocket is spoken (RFC 9110 §15.5.22). */
export const upgradeRequired: Handler = () => {
  throw new HttpProblem({
    status: 426,
    kind: 'upgrade-required',
    side: 'client',
    retryable: false,
    detail: 'this path speaks WebSocket; connect with ws:// instead of http://',
    headers: { upgrade: 'websocket', connection: 'upgrade' },
  });
};

function isMessage(data: unknown): data is Message {
  return typeof data === 'string' || data instanceof ArrayBuffer;
}

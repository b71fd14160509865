/** What a user does at a WebSocket or an event stream when nothing but its URL is given. */
import type { FlowContext } from '../scenario.ts';

/** Messages or events before the stream is closed, and opened again by the next run. */
const ROUNDS = 10;

/** Sends a message a second and waits for one back, or waits for events. */
export function streamFlow(
  protocol: 'websocket' | 'events',
  path: string,
): (context: FlowContext) => Promise<void> {
  if (protocol === 'events') {
    return async ({ events }) => {
      const stream = await events(path);
      for (let i = 0; i < ROUNDS; i++) await stream.next();
    };
  }
  return async ({ websocket, think }) => {
    const socket = await websocket(path);
    for (let i = 0; i < ROUNDS; i++) {
      await socket.roundTrip(`message ${i}`);
      await think('1s');
    }
  };
}

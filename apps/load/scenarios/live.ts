/**
 * Users who stay: some talk in rooms over WebSockets, some listen to events. `pnpm dev` first;
 * then `headgate-load run apps/load/scenarios/live.ts`.
 */
import { constant, defineScenario, type FlowContext } from '@headgate/load';

const ROOMS = 20;

interface Visitor {
  readonly name: string;
  readonly room: string;
}

export const scenario = defineScenario<undefined, Visitor>({
  target: 'http://127.0.0.1:8080',
  users: constant(100, { for: '30s' }),
  user: ({ index }) => ({ name: `user ${index}`, room: `room-${index % ROOMS}` }),
  flows: {
    talk: {
      async run({ websocket, user, think }) {
        const socket = await websocket(`/live/rooms/${user.room}`, { name: 'join' });
        for (let i = 0; i < 5; i++) {
          const message = `${user.name}: ${i}`;
          // The room hears everybody; the message is through when its author hears it.
          await socket.roundTrip(message, { accept: (heard) => heard === message });
          await think(['100ms', '1s']);
        }
        await socket.close();
      },
    },
    echo: {
      async run(context: FlowContext<undefined, Visitor>) {
        const socket = await context.websocket('/live/ws');
        const echoed = await socket.roundTrip('hello', { name: 'echo', timeout: '2s' });
        context.check(echoed === 'hello', 'an echo of something else');
      },
    },
    listen: {
      async run(context: FlowContext<undefined, Visitor>) {
        const ticks = await context.events('/live/ticks?interval=100ms&count=10');
        const first = await ticks.next({ name: 'first tick' });
        context.check(
          first.event === 'tick' && first.id === '1',
          'another event than the first tick',
        );
        for await (const { id } of ticks) context.check(Number(id) <= 10, 'a tick too many');
      },
    },
  },
  thresholds: ['errors < 0.1%', 'echo: p99 < 100ms'],
});

// Owns the routes of the live origin: everything that stays open, streams, or shows what arrived.
import { createOrigin, type Origin } from '@headgate/origin';
import { bodyRoutes } from './bodies.ts';
import { echo, headers } from './mirror.ts';
import { createRooms } from './rooms.ts';
import { echoSocket, roomSocket, upgradeRequired } from './sockets.ts';
import { tickRoutes } from './ticks.ts';

/** What the live origin is made of. */
export interface LiveDeps {
  /** Unsent bytes above which a WebSocket is dropped. */
  maxBacklogBytes: number;
}

/** The live origin, all under `/live`. */
export function createLiveApp({ maxBacklogBytes }: LiveDeps): Origin {
  const app = createOrigin({
    name: 'live',
    routes: [tickRoutes, bodyRoutes],
    docs: { description: 'Everything that stays open, streams, or shows what arrived.' },
  });
  app.get('/live/ws', echoSocket(maxBacklogBytes), upgradeRequired);
  app.get('/live/rooms/:name', roomSocket(createRooms(maxBacklogBytes)), upgradeRequired);
  // Any method, those that documents have no word for as well.
  app.all('/live/headers', headers);
  app.all('/live/echo', echo);
  return app;
}

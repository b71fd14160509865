// Owns the routes of the live origin: everything that stays open, streams, or shows what arrived.
import { createOrigin, type Origin } from '@headgate/origin';
import { download, slow, stream, upload } from './bodies.ts';
import { echo, headers } from './mirror.ts';
import { createRooms } from './rooms.ts';
import { echoSocket, roomSocket, upgradeRequired } from './sockets.ts';
import { ticks } from './ticks.ts';

/** What the live origin is made of. */
export interface LiveDeps {
  /** Unsent bytes above which a WebSocket is dropped. */
  maxBacklogBytes: number;
}

/** The live origin, all under `/live`. */
export function createLiveApp({ maxBacklogBytes }: LiveDeps): Origin {
  const app = createOrigin({ name: 'live' });
  app.get('/live/ws', echoSocket(maxBacklogBytes), upgradeRequired);
  app.get('/live/rooms/:name', roomSocket(createRooms(maxBacklogBytes)), upgradeRequired);
  app.get('/live/ticks', ticks);
  app.get('/live/stream', stream);
  app.get('/live/slow', slow);
  app.get('/live/download', download);
  app.post('/live/upload', upload);
  app.all('/live/headers', headers);
  app.all('/live/echo', echo);
  return app;
}

/** Serves the live page of a run to browsers on this machine. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { LiveRun } from '../live-run.ts';
import { type Bundle, bundlePage } from './bundle.ts';
import { parseControl } from './control.ts';
import { renderPage } from './document.ts';
import { createFeed, type Feed } from './feed.ts';
import { onlyJson, onlyLoopbackHosts, onlySameOrigin, secureHeaders } from './guard.ts';
import { problem } from './problem.ts';
import { renderReport } from './report.ts';

const HOSTNAME = '127.0.0.1';
const MAX_CONTROL_BYTES = 1_024;
/** The report brings a stricter one, which names its script. */
const REPORT_POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

export interface Page {
  readonly url: string;
  /** Ends all streams and stops listening. */
  close(): Promise<void>;
}

/**
 * Serves the page of a run, on 127.0.0.1 only, until it is closed. Port 0 takes any free one, and
 * so does a port that is taken; rejects when the port cannot be had for another reason.
 */
export async function startPage(run: LiveRun, options: { port: number }): Promise<Page> {
  const bundle = await bundlePage();
  const feed = createFeed(run);
  let port = options.port;
  const app = createApp(run, feed, bundle, () => port);
  // Without `createServer` the adapter makes a plain HTTP/1.1 server.
  const server = createAdaptorServer({ fetch: app.fetch, hostname: HOSTNAME }) as Server;
  try {
    port = await listen(server, options.port);
  } catch (error) {
    feed.close();
    throw error;
  }
  return {
    url: `http://${HOSTNAME}:${port}/`,
    async close() {
      feed.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function createApp(run: LiveRun, feed: Feed, bundle: Bundle, port: () => number): Hono {
  const app = new Hono();
  app.use(secureHeaders(), onlyLoopbackHosts(port));
  app.get('/', (c) => c.html(renderPage(run.header.name)));
  app.get('/page.js', (c) =>
    c.body(bundle.script, 200, { 'content-type': 'text/javascript; charset=utf-8' }),
  );
  app.get('/page.css', (c) =>
    c.body(bundle.style, 200, { 'content-type': 'text/css; charset=utf-8' }),
  );
  app.get('/events', (c) => c.body(feed.view(), 200, { 'content-type': 'text/event-stream' }));
  app.get('/result.json', (c) => (run.result === undefined ? notEnded() : c.json(run.result)));
  app.get('/report.html', async (c) => {
    if (run.result === undefined) return notEnded();
    const html = await renderReport(run.result);
    return c.html(html, 200, { 'content-security-policy': REPORT_POLICY });
  });
  app.post(
    '/control',
    onlySameOrigin(),
    onlyJson(),
    bodyLimit({
      maxSize: MAX_CONTROL_BYTES,
      onError: () => problem(413, `a control has at most ${MAX_CONTROL_BYTES} bytes`),
    }),
    async (c) => {
      try {
        run.control(parseControl(await c.req.text()));
        return c.body(null, 204);
      } catch (error) {
        if (error instanceof TypeError) return problem(400, error.message);
        throw error;
      }
    },
  );
  app.notFound(() => problem(404, 'no such page'));
  app.onError((error) => problem(500, `the page failed: ${error.message}`));
  return app;
}

function notEnded(): Response {
  return problem(404, 'the run has not ended; there is no result yet');
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    return await listenOn(server, port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return listenOn(server, 0);
  }
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOSTNAME, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

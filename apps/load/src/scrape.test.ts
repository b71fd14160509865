import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createScraper, type Scraper } from './scrape.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<URL> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
}

function scraperOf(t: TestContext, ...urls: URL[]): Scraper {
  const scraper = createScraper({ urls, now: () => performance.now() });
  t.after(() => scraper.close());
  return scraper;
}

async function until(condition: () => boolean): Promise<void> {
  const limitMs = performance.now() + 15_000;
  while (!condition()) {
    assert.ok(performance.now() < limitMs, 'waited in vain');
    await sleep(20);
  }
}

describe('createScraper', () => {
  it('scrapes every second, and tells how much counters grew', async (t) => {
    let served = 0;
    const url = await serve(t, (_, response) => {
      served += 10;
      response.end(`# TYPE served_total counter\nserved_total ${served}\nload 3\n`);
    });
    const scraper = scraperOf(t, url);
    await until(() => 'served_total' in scraper.latest());
    const { load, served_total: perS } = scraper.latest();
    assert.equal(load, 3);
    assert.ok((perS as number) > 0 && (perS as number) < 20);
    assert.deepEqual(scraper.problems(), []);
  });

  it('tells several endpoints apart, and goes on without the one that fails', async (t) => {
    let isWell = true;
    const good = await serve(t, (_, response) => response.end('load 1\n'));
    const bad = await serve(t, (_, response) => {
      response.writeHead(isWell ? 200 : 503).end('load 2\n');
    });
    const scraper = scraperOf(t, good, bad);
    await until(() => Object.keys(scraper.latest()).length === 2);
    assert.deepEqual(scraper.latest(), { [`${good.host} load`]: 1, [`${bad.host} load`]: 2 });
    isWell = false;
    await until(() => Object.keys(scraper.latest()).length === 1);
    await sleep(1_100);
    assert.deepEqual(scraper.latest(), { [`${good.host} load`]: 1 });
    assert.deepEqual(scraper.problems(), [`${bad.href}: answered 503, not 200`]);
    isWell = true;
    await until(() => Object.keys(scraper.latest()).length === 2);
  });

  it('says when nobody listens', async (t) => {
    const scraper = scraperOf(t, new URL('http://127.0.0.1:1/metrics'));
    await until(() => scraper.problems().length > 0);
    assert.deepEqual(scraper.problems(), ['http://127.0.0.1:1/metrics: nobody listens there']);
    assert.deepEqual(scraper.latest(), {});
  });

  it('gives up after a second, and never asks twice at once', async (t) => {
    let asked = 0;
    let open = 0;
    let mostOpen = 0;
    const url = await serve(t, (request) => {
      asked++;
      mostOpen = Math.max(mostOpen, ++open);
      request.socket.on('close', () => open--);
    });
    const scraper = scraperOf(t, url);
    await until(() => asked >= 2);
    assert.deepEqual(scraper.problems(), [`${url.href}: no answer within 1 s`]);
    assert.equal(mostOpen, 1);
  });

  it('stops reading an answer without end', async (t) => {
    const url = await serve(t, (_, response) => {
      const more = () => {
        while (response.write('x'.repeat(65_536))) {}
      };
      response.on('drain', more);
      more();
    });
    const scraper = scraperOf(t, url);
    await until(() => scraper.problems().length > 0);
    assert.match(scraper.problems()[0] as string, /longer than 4 MiB|no answer within 1 s/);
  });

  it('takes what is under way for no problem when it is closed', async (t) => {
    let hasAsked = false;
    const url = await serve(t, () => {
      hasAsked = true;
    });
    const scraper = scraperOf(t, url);
    await until(() => hasAsked);
    await scraper.close();
    await sleep(50);
    assert.deepEqual(scraper.problems(), []);
  });

  it('does nothing without endpoints', async (t) => {
    const scraper = scraperOf(t);
    assert.deepEqual(scraper.latest(), {});
    assert.deepEqual(scraper.problems(), []);
  });
});

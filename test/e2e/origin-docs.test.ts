import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import {
  createOrigin,
  createRoutes,
  json,
  route,
  type ServedOrigin,
  serveOrigin,
  z,
} from '@headgate/origin';
import { type BrowserPage, Chromium, findChromium } from '../support/chromium.ts';

const executable = findChromium();
const skip = executable === undefined && 'there is no Chromium on the PATH';

const itemSchema = z.object({ id: z.int(), name: z.string() }).openapi('Item');

const routes = createRoutes()
  .openapi(
    route({
      method: 'get',
      path: '/items/{id}',
      tags: ['items'],
      request: { params: z.object({ id: z.coerce.number().int() }) },
      responses: { 200: json(itemSchema, 'The item') },
    }),
    (c) => c.json({ id: c.req.valid('param').id, name: 'reading lamp' }, 200),
  )
  .openapi(
    route({
      method: 'delete',
      path: '/items',
      tags: ['items'],
      responses: { 204: { description: 'Gone' } },
    }),
    (c) => c.body(null, 204),
  );

let browser: Chromium;
let served: ServedOrigin;

before(async () => {
  if (executable === undefined) return;
  const origin = createOrigin({
    name: 'shop',
    routes,
    docs: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  });
  served = await serveOrigin(origin, { port: 0 });
  browser = await Chromium.launch(executable);
});

after(async () => {
  await browser?.[Symbol.asyncDispose]();
  await served?.close();
});

const shows = (text: string) => `document.body.innerText.includes(${JSON.stringify(text)})`;

async function click(page: BrowserPage, selector: string): Promise<void> {
  const element = `document.querySelector(${JSON.stringify(selector)})`;
  await page.becomes(`${element} !== null`);
  await page.evaluate(`${element}.click()`);
}

/** Asks for item 7 as a reader of the page does. */
async function tryItOut(page: BrowserPage): Promise<void> {
  await click(page, '.opblock-get .opblock-summary-control');
  await click(page, '.opblock-get .try-out__btn');
  await page.becomes(`document.querySelector('.opblock-get input:not([disabled])') !== null`);
  await page.evaluate(`document.querySelector('.opblock-get input').focus()`);
  await page.send('Input.insertText', { text: '7' });
  // Swagger UI takes over what was typed when the field is left.
  await page.evaluate('document.activeElement.blur()');
  await click(page, '.opblock-get .execute');
  await page.becomes(shows('reading lamp'));
}

function assertSelfSufficient(page: BrowserPage, at: string): void {
  assert.deepEqual(page.complaints, []);
  const foreign = page.requests.filter((url) => !url.startsWith(at) && !url.startsWith('data:'));
  assert.deepEqual(foreign, []);
}

test('the page shows every operation and asks one from here', { skip }, async () => {
  const page = await browser.open(`${served.url}/docs`);
  await page.becomes(shows('/items/{id}'));
  assert.equal(await page.evaluate(`document.querySelectorAll('.opblock').length`), 2);
  assert.equal(await page.evaluate('document.title'), 'shop');
  assert.equal(await page.evaluate(shows('Authorize')), true);
  await tryItOut(page);
  assert.ok(page.requests.includes(`${served.url}/items/7`));
  assertSelfSufficient(page, `${served.url}/`);
});

test('the page fits a phone and the dark', { skip }, async () => {
  const page = await browser.open(`${served.url}/docs`, 390);
  await page.becomes(shows('/items/{id}'));
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  assert.equal(overflow, 0);
  const background = 'getComputedStyle(document.documentElement).backgroundColor';
  const light = await page.evaluate(background);
  const features = [{ name: 'prefers-color-scheme', value: 'dark' }];
  await page.send('Emulation.setEmulatedMedia', { features });
  await page.becomes(`${background} !== ${JSON.stringify(light)}`);
  assertSelfSufficient(page, `${served.url}/`);
});

test('the page works where an edge shows the app under a prefix', { skip }, async (t) => {
  const prefix = '/shop/v1';
  const edge = createServer((incoming, outgoing) => {
    const { method, headers, url = '' } = incoming;
    if (!url.startsWith(`${prefix}/`)) return outgoing.writeHead(404).end();
    const path = url.slice(prefix.length);
    const onward = request(served.url + path, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    return incoming.pipe(onward);
  });
  edge.listen(0, '127.0.0.1');
  await once(edge, 'listening');
  t.after(() => {
    edge.closeAllConnections();
    edge.close();
  });
  const at = `http://127.0.0.1:${(edge.address() as AddressInfo).port}${prefix}/`;
  const page = await browser.open(`${at}docs/`);
  await page.becomes(shows('/items/{id}'));
  await tryItOut(page);
  assert.ok(page.requests.includes(`${at}items/7`));
  assertSelfSufficient(page, at);
});

// URLs of somebody else's: where they may lead, where redirects may lead, and within which bounds.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fetchPublicUrl, type PublicFetchOptions } from './public-url.ts';
import { internet, type PublicWorld } from './public-url-ask.ts';
import { PublicUrlError, type PublicUrlReason } from './public-url-error.ts';

/** In the world of these tests 127.0.0.1 is public, and 127.0.0.2 is not. */
const names: Record<string, readonly string[]> = {
  'good.test': ['127.0.0.1'],
  'other.test': ['127.0.0.1'],
  'inside.test': ['127.0.0.2'],
  'both.test': ['127.0.0.1', '127.0.0.2'],
  'empty.test': [],
};

const world: PublicWorld = {
  async resolve(host) {
    const addresses = names[host];
    if (!addresses) throw new Error(`ENOTFOUND ${host}`);
    return addresses.map((address) => ({ address, family: 4 }));
  },
  isPublic: (address) => address === '127.0.0.1',
};

/** A site on all loopback addresses; what it was asked is kept. */
async function startSite(t: TestContext, listener: RequestListener) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const fetch = (url: string, options: Partial<PublicFetchOptions> = {}, there = world) =>
    fetchPublicUrl(
      url.replace('PORT', String(port)),
      { maxResponseBytes: 1000, allowHttp: true, ports: [port], ...options },
      there,
    );
  return { server, port, asked, fetch };
}

async function refused(promise: Promise<unknown>, reason: PublicUrlReason): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof PublicUrlError, String(error));
    assert.equal(error.reason, reason);
    assert.doesNotMatch(error.message, /127\.0/);
    return true;
  });
}

test('a public URL is fetched by its name, uncompressed, and the answer is whole', async (t) => {
  const { port, asked, fetch } = await startSite(t, (_request, response) => {
    response.setHeader('x-a', ['1', '2']).writeHead(404).end('gone');
  });
  const answer = await fetch('http://good.test:PORT/a?b=c#d', { headers: { 'x-b': 'y' } });
  assert.deepEqual(
    [answer.status, String(answer.body), answer.header('x-a')],
    [404, 'gone', '1, 2'],
  );
  const [{ method, url, headers } = assert.fail()] = asked;
  assert.deepEqual([method, url, headers.host], ['GET', '/a?b=c', `good.test:${port}`]);
  assert.deepEqual([headers['accept-encoding'], headers['x-b']], ['identity', 'y']);
});

test('a webhook is sent with its body', async (t) => {
  const { fetch } = await startSite(t, (request, response) => {
    request.pipe(response.setHeader('x-method', request.method ?? ''));
  });
  const answer = await fetch('http://good.test:PORT/', { method: 'POST', body: '{"é":1}' });
  assert.deepEqual([answer.header('x-method'), String(answer.body)], ['POST', '{"é":1}']);
});

test('nothing is sent to an address that is not public, not even when another one is', async (t) => {
  const { asked, fetch } = await startSite(t, (_request, response) => response.end());
  const hosts = ['inside.test', 'both.test', 'empty.test', 'none.test', '127.0.0.2', '2130706434'];
  for (const host of [...hosts, '0x7f.2', '0177.0.0.02', '[::1]', '[::ffff:127.0.0.1]']) {
    await refused(fetch(`http://${host}:PORT/`), 'address');
  }
  assert.equal(asked.length, 0);
});

test('addresses of this machine and its clouds are refused in the world as it is', async (t) => {
  const { asked, fetch } = await startSite(t, (_request, response) => response.end());
  for (const host of ['localhost', '127.1', '[::1]', '[::ffff:7f00:1]', '0', '169.254.169.254']) {
    await refused(fetch(`http://${host}:PORT/`, {}, internet), 'address');
  }
  assert.equal(asked.length, 0);
});

test('the connection goes to the address that was judged, whatever the name becomes', async (t) => {
  const { fetch, asked } = await startSite(t, (request, response) => {
    if (request.url === '/') response.writeHead(302, { location: '/again' });
    response.end();
  });
  let lookups = 0;
  const rebinding: PublicWorld = {
    ...world,
    resolve: () => world.resolve(lookups++ === 0 ? 'good.test' : 'inside.test'),
  };
  assert.equal((await fetch('http://rebound.test:PORT/x', {}, rebinding)).status, 200);
  lookups = 0;
  await refused(fetch('http://rebound.test:PORT/', {}, rebinding), 'address');
  assert.deepEqual([lookups, asked.length], [2, 2]);
});

test('every redirect is judged like the first URL', async (t) => {
  const { fetch, asked } = await startSite(t, (request, response) => {
    const location = decodeURIComponent(request.url?.slice(1) ?? '');
    response.writeHead(302, { location }).end();
  });
  const lead = (to: string) => fetch(`http://good.test:PORT/${encodeURIComponent(to)}`);
  await refused(lead('http://127.0.0.2/'), 'port');
  await refused(lead('file:///etc/passwd'), 'scheme');
  await refused(lead('http://user@good.test/'), 'credentials');
  await refused(lead('//['), 'url');
  const before = asked.length;
  const inside = asked[0]?.headers.host?.replace('good', 'inside');
  await refused(lead(`http://${inside}/`), 'address');
  assert.equal(asked.length, before + 1);
});

test('redirects are followed as far as allowed', async (t) => {
  const { fetch } = await startSite(t, (request, response) => {
    const left = Number(request.url?.slice(1));
    if (left > 0) response.writeHead(307, { location: `/${left - 1}` });
    response.end();
  });
  const { url, status } = await fetch('http://good.test:PORT/3');
  assert.deepEqual([new URL(url).pathname, status], ['/0', 200]);
  await refused(fetch('http://good.test:PORT/4'), 'redirects');
  await refused(fetch('http://good.test:PORT/1', { maxRedirects: 0 }), 'redirects');
});

test('another origin is not told what was meant for the first', async (t) => {
  const site = await startSite(t, (request, response) => {
    const { host } = request.headers;
    if (request.url === '/same') response.writeHead(307, { location: '/far' });
    else if (host?.startsWith('good')) {
      response.writeHead(307, { location: `http://other.test:${site.port}/` });
    }
    response.end();
  });
  const headers = { Authorization: 'secret', 'X-Api-Key': 'secret', Accept: 'text/html' };
  await site.fetch('http://good.test:PORT/same', { headers });
  const told = site.asked.map((it) => [it.headers['x-api-key'], it.headers.authorization]);
  assert.deepEqual(told, [
    ['secret', 'secret'],
    ['secret', 'secret'],
    [undefined, undefined],
  ]);
  assert.equal(site.asked[2]?.headers.accept, 'text/html');
});

test('a redirect changes the method as RFC 9110 has it', async (t) => {
  const { fetch, asked } = await startSite(t, (request, response) => {
    const status = Number(request.url?.slice(1));
    if (status > 0) response.writeHead(status, { location: '/' });
    request.resume().on('end', () => response.end());
  });
  const cases: readonly (readonly [string, number, string])[] = [
    ['POST', 301, 'GET'],
    ['POST', 302, 'GET'],
    ['POST', 303, 'GET'],
    ['PUT', 303, 'GET'],
    ['HEAD', 303, 'HEAD'],
    ['PUT', 302, 'PUT'],
    ['POST', 307, 'POST'],
    ['POST', 308, 'POST'],
  ];
  for (const [method, status, then] of cases) {
    const body = method === 'HEAD' ? {} : { body: 'x', headers: { 'content-type': 'text/plain' } };
    await fetch(`http://good.test:PORT/${status}`, { method, ...body });
    const last = asked.at(-1);
    assert.equal(last?.method, then, `${method} ${status}`);
    assert.equal(
      last?.headers['content-length'],
      then === 'GET' || then === 'HEAD' ? undefined : '1',
    );
    if (then === 'GET') assert.equal(last?.headers['content-type'], undefined);
  }
});

test('parts of a URL that are not allowed are refused before its name is looked up', async (t) => {
  const { port, fetch } = await startSite(t, (_request, response) => response.end());
  const blind: PublicWorld = { ...world, resolve: () => assert.fail('looked up') };
  const cases: readonly (readonly [string, Partial<PublicFetchOptions>, PublicUrlReason])[] = [
    ['/path', {}, 'url'],
    ['http://', {}, 'url'],
    ['ftp://good.test/', {}, 'scheme'],
    ['gopher://good.test/', {}, 'scheme'],
    ['data:,x', {}, 'scheme'],
    ['http://good.test:PORT/', { allowHttp: false }, 'scheme'],
    ['http://u@good.test:PORT/', {}, 'credentials'],
    ['http://:p@good.test:PORT/', {}, 'credentials'],
    ['http://good.test:1/', {}, 'port'],
    ['http://good.test/', {}, 'port'],
    ['https://good.test:22/', { ports: [443] }, 'port'],
    ['http://good.test:PORT/', { allowedHosts: ['other.test', '*.good.test'] }, 'host'],
    ['http://evilgood.test:PORT/', { allowedHosts: ['good.test', '*.good.test'] }, 'host'],
  ];
  for (const [url, options, reason] of cases) await refused(fetch(url, options, blind), reason);
  const allowedHosts = ['GOOD.test', '*.test'];
  for (const host of ['good.test', 'GOOD.TEST', 'other.test']) {
    assert.equal((await fetch(`http://${host}:${port}/`, { allowedHosts })).status, 200);
  }
});

test('without ports of their own, URLs may have the usual one only', async () => {
  const options = { maxResponseBytes: 1 };
  await refused(fetchPublicUrl('https://inside.test:8443/', options, world), 'port');
  await refused(fetchPublicUrl('https://inside.test:443/', options, world), 'address');
  await refused(fetchPublicUrl('https://inside.test/', options, world), 'address');
  await refused(
    fetchPublicUrl('http://inside.test/', { ...options, allowHttp: true }, world),
    'address',
  );
});

test('a body that is too large is broken off, also when it says nothing of its size', async (t) => {
  let isClosed = false;
  const { fetch } = await startSite(t, (_request, response) => {
    const timer = setInterval(() => response.write('x'.repeat(400)), 1);
    response.on('close', () => {
      clearInterval(timer);
      isClosed = true;
    });
  });
  await refused(fetch('http://good.test:PORT/'), 'too-large');
  while (!isClosed) await new Promise((resolve) => setImmediate(resolve));
});

test('a host that takes its time, refuses or breaks off is given up', async (t) => {
  const { server, fetch } = await startSite(t, (request, response) => {
    if (request.url === '/break') response.writeHead(200, { 'content-length': 9 }).write('x');
    if (request.url === '/break') setImmediate(() => response.destroy());
    if (request.url === '/drip') response.write('x');
  });
  await refused(fetch('http://good.test:PORT/break'), 'unreachable');
  await refused(fetch('http://good.test:PORT/never', { timeoutMs: 50 }), 'timeout');
  await refused(fetch('http://good.test:PORT/drip', { timeoutMs: 50 }), 'timeout');
  const deaf: PublicWorld = { ...world, resolve: () => new Promise(() => {}) };
  await refused(fetch('http://good.test:PORT/', { timeoutMs: 50 }, deaf), 'timeout');
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  await refused(fetch('http://good.test:PORT/'), 'unreachable');
});

test('who leaves is told why by the signal that said so', async (t) => {
  const { asked, fetch } = await startSite(t, () => {});
  const caller = new AbortController();
  const fetching = fetch('http://good.test:PORT/', { signal: caller.signal });
  while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  caller.abort(new Error('left'));
  await assert.rejects(fetching, { message: 'left' });
  await assert.rejects(fetch('http://good.test:PORT/', { signal: caller.signal }), {
    message: 'left',
  });
  assert.equal(asked.length, 1);
});

test('headers that are ours, and what cannot be sent, are the mistake of the caller', async (t) => {
  const { asked, fetch } = await startSite(t, (_request, response) => response.end());
  const mistakes: Partial<PublicFetchOptions>[] = [
    { headers: { Host: 'inside' } },
    { headers: { 'content-length': '0' } },
    { headers: { 'Transfer-Encoding': 'chunked' } },
    { headers: { 'accept-encoding': 'gzip' } },
    { headers: { 'proxy-authorization': 'x' } },
    { headers: { 'x-a': 'b\r\nc: d' } },
    { headers: { 'x a': 'b' } },
    { method: 'GET / HTTP/1.1' },
  ];
  for (const mistake of mistakes)
    await assert.rejects(fetch('http://good.test:PORT/', mistake), TypeError);
  assert.equal(asked.length, 0);
});

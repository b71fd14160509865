/** Clients that stay with an upstream: by a hash of what they say, or by a cookie. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configTo, startProxyTo } from '../support/proxy-process.ts';
import { get, openClient, type RawResponse } from '../support/raw-client.ts';
import { startOrigin } from '../support/recording-origin.ts';

/** Origins that say which of them answered. */
async function startOrigins(count: number, stack: AsyncDisposableStack) {
  const origins = await Promise.all(
    Array.from({ length: count }, (_, i) => startOrigin((request) => request.answer(`${i}`))),
  );
  for (const origin of origins) stack.use(origin);
  return { origins, urls: origins.map(({ url }) => url) };
}

/** The upstreams that answer `ask`, asked several times. */
async function answerers(ask: () => Promise<RawResponse>): Promise<Set<string>> {
  const found = new Set<string>();
  for (let i = 0; i < 5; i++) found.add((await ask()).text);
  return found;
}

for (const [hashKey, field] of [
  ['header:X-User', 'x-user: '],
  ['cookie:user', 'Cookie: theme=dark; user='],
] as const) {
  test(`with policy hash by ${hashKey} a user stays with one upstream, and users spread out`, async () => {
    await using stack = new AsyncDisposableStack();
    const { urls } = await startOrigins(4, stack);
    await using proxy = await startProxyTo(urls, { policy: 'hash', hashKey });
    const used = new Set<string>();
    for (let user = 0; user < 20; user++) {
      const own = await answerers(() => get(proxy.port, `/${user}`, `${field}${user}`));
      assert.equal(own.size, 1, `user ${user} is at ${[...own]}`);
      for (const each of own) used.add(each);
    }
    assert.ok(used.size > 2, `only ${[...used]} are used`);
  });
}

test('with policy hash clients are told apart by their address', async () => {
  await using stack = new AsyncDisposableStack();
  const { urls } = await startOrigins(4, stack);
  await using proxy = await startProxyTo(
    urls,
    { policy: 'hash' },
    { trustedProxies: ['127.0.0.1'] },
  );
  assert.equal((await answerers(() => get(proxy.port))).size, 1);
  const used = new Set<string>();
  for (let client = 1; client <= 20; client++) {
    const forwarded = `X-Forwarded-For: 203.0.113.${client}`;
    const own = await answerers(() => get(proxy.port, '/', forwarded));
    assert.equal(own.size, 1);
    for (const each of own) used.add(each);
  }
  assert.ok(used.size > 2, `only ${[...used]} are used`);
});

test('with policy hash only the users of an upstream that is gone go elsewhere', async () => {
  await using stack = new AsyncDisposableStack();
  const { origins, urls } = await startOrigins(4, stack);
  await using proxy = await startProxyTo(urls, { policy: 'hash', hashKey: 'query:user' });
  const homes = async () => {
    const found: string[] = [];
    for (let user = 0; user < 20; user++)
      found.push((await get(proxy.port, `/?user=${user}`)).text);
    return found;
  };
  const before = await homes();
  await origins[1]?.[Symbol.asyncDispose]();
  const after = await homes();
  for (const [user, home] of before.entries()) {
    if (home === '1') assert.notEqual(after[user], '1');
    else assert.equal(after[user], home);
  }
});

/** Name and value of the cookie an answer sets. */
function cookieOf(response: RawResponse): string | undefined {
  return response.header('set-cookie')?.split(';')[0];
}

test('with policy sticky a client is given a cookie and stays where that says', async () => {
  await using stack = new AsyncDisposableStack();
  const { urls } = await startOrigins(3, stack);
  await using proxy = await startProxyTo(urls, { policy: 'sticky', stickyCookie: 'at' });
  for (let client = 0; client < 6; client++) {
    const first = await get(proxy.port);
    const cookie = cookieOf(first);
    assert.match(
      first.header('set-cookie') ?? '',
      /^at=[0-9a-f]{16}; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    for (let i = 0; i < 5; i++) {
      const again = await get(proxy.port, '/', `Cookie: a=b; ${cookie}`);
      assert.equal(again.text, first.text);
      assert.equal(again.header('set-cookie'), undefined);
    }
  }
});

test('a client whose upstream is gone is given another, and stays there', async () => {
  await using stack = new AsyncDisposableStack();
  const { origins, urls } = await startOrigins(3, stack);
  await using proxy = await startProxyTo(urls, { policy: 'sticky' });
  const first = await get(proxy.port);
  const before = cookieOf(first);
  await origins[Number(first.text)]?.[Symbol.asyncDispose]();
  const moved = await get(proxy.port, '/', `Cookie: ${before}`);
  assert.equal(moved.status, 200);
  assert.notEqual(moved.text, first.text);
  const after = cookieOf(moved);
  assert.ok(after && after !== before);
  for (let i = 0; i < 5; i++) {
    const again = await get(proxy.port, '/', `Cookie: ${after}`);
    assert.equal(again.text, moved.text);
    assert.equal(again.header('set-cookie'), undefined);
  }
});

test('a cookie for an upstream that is not configured any more is replaced', async () => {
  await using stack = new AsyncDisposableStack();
  const { urls } = await startOrigins(2, stack);
  await using proxy = await startProxyTo(urls, { policy: 'sticky' });
  const first = await get(proxy.port);
  const left = urls.filter((_, i) => `${i}` !== first.text);
  await proxy.reload(configTo(left, { policy: 'sticky' }));
  const moved = await get(proxy.port, '/', `Cookie: ${cookieOf(first)}`);
  assert.notEqual(moved.text, first.text);
  assert.notEqual(cookieOf(moved), cookieOf(first));
  assert.ok(cookieOf(moved));
});

test('an upgrade stays with its upstream as well, and is given a cookie beside its own', async () => {
  const agree = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade';
  const own = 'Set-Cookie: theirs=1\r\nHeadgate-Load: 3';
  await using first = await startOrigin(({ socket }) => socket.end(`${agree}\r\n${own}\r\n\r\n`));
  await using proxy = await startProxyTo([first.url], { policy: 'sticky' });
  const upgrade = [
    'GET / HTTP/1.1',
    'Host: a',
    'Connection: Upgrade',
    'Upgrade: websocket',
    '',
    '',
  ];
  await using client = await openClient(proxy.port);
  client.send(upgrade.join('\r\n'));
  await client.ended();
  const response = client.unread.toString('latin1');
  assert.match(response, /^set-cookie: theirs=1\r$/im);
  assert.match(response, /^set-cookie: headgate-upstream=[0-9a-f]{16};/im);
  assert.doesNotMatch(response, /headgate-load/i);
});

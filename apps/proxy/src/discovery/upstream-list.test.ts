// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { configOf, createDiscovery } from './discovery.test-support.ts';
import { type ListResult, UpstreamList } from './upstream-list.ts';

/** A folder with a file of upstreams, and what was read from it. */
function createFolder(t: TestContext, name: string, text?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-list-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  if (text !== undefined) writeFileSync(file, text);
  return {
    folder,
    file,
    /** Another file takes its place. */
    replace(next: string) {
      writeFileSync(`${file}.next`, next);
      renameSync(`${file}.next`, file);
    },
  };
}

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function readOnce(t: TestContext, name: string, text?: string): Promise<ListResult> {
  const { file } = createFolder(t, name, text);
  const { promise, resolve } = Promise.withResolvers<ListResult>();
  const list = new UpstreamList({ file, env: { PORT: '4001' }, onRead: resolve });
  const result = await promise;
  list.stop();
  return result.ok ? result : { ok: false, reason: result.reason.replaceAll(file, name) };
}

describe('a file of upstreams', () => {
  it('lists URLs with what may be said of each', async (t) => {
    const yaml = [
      '- url: http://10.0.0.1:${PORT}',
      '- { url: https://10.0.0.2, weight: 2, zone: a, maxInFlight: 9, tlsName: api.example.com }',
    ].join('\n');
    assert.deepEqual(await readOnce(t, 'a.yaml', yaml), {
      ok: true,
      upstreams: [
        { url: 'http://10.0.0.1:4001', weight: 1 },
        {
          url: 'https://10.0.0.2',
          weight: 2,
          zone: 'a',
          maxInFlight: 9,
          tlsName: 'api.example.com',
        },
      ],
    });
    const json = '[{ "url": "http://10.0.0.1" }]';
    assert.equal((await readOnce(t, 'a.json', json)).ok, true);
    assert.deepEqual(await readOnce(t, 'a.json', '[]'), { ok: true, upstreams: [] });
  });

  for (const [what, text, reason] of [
    [
      'an unknown setting',
      '- url: http://10.0.0.1\n  wieght: 2',
      'a.yaml:2  [0].wieght: unknown setting, did you mean "weight"?',
    ],
    [
      'something that is no URL',
      '- url: http://10.0.0.1\n- url: nonsense',
      'a.yaml:2  [1].url: expected a URL such as http://127.0.0.1:4001 or unix:/path, got "nonsense"',
    ],
    [
      'a TLS name without TLS',
      '- { url: http://10.0.0.1, tlsName: a.b }',
      'a.yaml:1  [0].tlsName: there is no TLS without https: http://10.0.0.1',
    ],
    ['something else than a list', 'url: a', 'a.yaml:1  expected a list, got an object'],
    ['nothing', '', 'a.yaml  the file is empty'],
    ['no file', undefined, 'a.yaml  cannot be read: no such file'],
  ] as const) {
    it(`is refused for ${what}, with the place`, async (t) => {
      assert.deepEqual(await readOnce(t, 'a.yaml', text), { ok: false, reason });
    });
  }
});

describe('discovery by file', { timeout: 60_000 }, () => {
  const KEY = 'file ./list.json';

  it('follows the file, and keeps the last good list while it is bad', async (t) => {
    const { folder, replace } = createFolder(t, 'list.json', '[{ "url": "http://10.0.0.1" }]');
    const { discovery, events, urls } = createDiscovery(t, folder);
    await discovery.follow(configOf([{ file: './list.json' }])).ready;
    assert.deepEqual(urls(KEY), ['http://10.0.0.1']);

    replace('[{ "url": "http://10.0.0.1" }, { "url": "http://10.0.0.2" }]');
    await until(() => urls(KEY)?.length === 2);

    replace('[{ "url": "nonsense" }]');
    await until(() => events.length === 1);
    assert.equal(events[0]?.what, 'failed');
    assert.match(events[0]?.reason ?? '', /list\.json:1 {2}\[0\]\.url: expected a URL/);
    assert.equal(urls(KEY)?.length, 2);

    replace('[]');
    await until(() => urls(KEY)?.length === 0);
    assert.deepEqual(
      events.slice(1).map(({ what, source, reason }) => `${what} ${source}: ${reason}`),
      [`recovered ${KEY}: it is found again`, `empty upstreams of ${KEY}: it lists no upstreams`],
    );
  });

  it('has no upstreams until there is a file', async (t) => {
    const { folder, replace } = createFolder(t, 'list.json');
    const { discovery, events, urls } = createDiscovery(t, folder);
    await discovery.follow(configOf([{ file: './list.json' }])).ready;
    assert.deepEqual(urls(KEY), []);
    assert.deepEqual(
      events.map(({ what }) => what),
      ['failed', 'empty'],
    );
    replace('[{ "url": "http://10.0.0.1" }]');
    await until(() => urls(KEY)?.length === 1);
    assert.deepEqual(
      events.slice(2).map(({ what }) => what),
      ['recovered', 'recovered'],
    );
  });
});

/** What is purged through the admin API is forgotten by every worker, and nothing else is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callAdmin } from '../support/admin-call.ts';
import { eventually } from '../support/eventually.ts';
import { headgateAt } from '../support/headgate-command.ts';
import { awaitWorkers, readAdmin, TOKEN, type WorkerSeen } from '../support/operator.ts';
import {
  configTo,
  type ProxyMode,
  type ProxyProcess,
  startProxy,
} from '../support/proxy-process.ts';
import { getText, openClient, type RawClient } from '../support/raw-client.ts';
import {
  type ReceivedRequest,
  type RecordingOrigin,
  startOrigin,
} from '../support/recording-origin.ts';

const HOST = 'http://edge.test';
/** So many that every worker has some. */
const CLIENTS = 12;

interface Purged {
  readonly changed?: readonly string[];
  readonly workers?: number;
  readonly reach?: string;
  readonly detail?: string;
}

interface Edge {
  readonly proxy: ProxyProcess;
  readonly origin: RecordingOrigin;
  /** Has every client ask for `path`; resolves with the bodies. */
  round(path: string): Promise<string[]>;
  /** How often the origin was asked for exactly this. */
  fetches(path: string): number;
  purge(body: object, token?: string): Promise<{ status: number; body: Purged }>;
  /** Runs `headgate ctl` against it, with its token. */
  ctl(...args: string[]): ReturnType<typeof headgateAt>;
}

/** `/items/5` has the tags `items` and `items-5`; what is answered last has the highest number. */
function answerCounting(): (request: ReceivedRequest) => void {
  const counts = new Map<string, number>();
  return (request) => {
    const { target } = request;
    if (target === '/never') return;
    const nth = (counts.get(target) ?? 0) + 1;
    counts.set(target, nth);
    const [, group = '', id = ''] = /^\/([^/?]*)\/?([^?]*)/.exec(target) ?? [];
    const tags = `Cache-Tag: ${group}, ${group}-${id}`;
    request.answer(`${target} #${nth}`, 'Cache-Control: max-age=600', tags);
  };
}

async function withEdge(mode: ProxyMode, act: (edge: Edge) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(await startOrigin(answerCounting()));
  const config = configTo(
    [origin.url],
    {},
    {
      routes: [{ service: 'app', cache: true }],
      admin: { address: '127.0.0.1:0', token: TOKEN },
      ...(mode === 'supervised' && { workers: 2 }),
    },
  );
  const proxy = stack.use(await startProxy(config, mode));
  const clients: RawClient[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(stack.use(await openClient(proxy.port)));
  const { adminPort: port } = proxy;
  const env = { HEADGATE_ADMIN_ADDRESS: `127.0.0.1:${port}`, HEADGATE_ADMIN_TOKEN: TOKEN };
  await act({
    proxy,
    origin,
    round: (path) =>
      Promise.all(
        clients.map(async (client) => {
          client.send(getText(path));
          return (await client.response()).text;
        }),
      ),
    fetches: (path) => origin.requests.filter(({ target }) => target === path).length,
    purge: (body, token = TOKEN) =>
      callAdmin<Purged>({ port }, '/api/cache/purge', { body, token }),
    ctl: (...args) => headgateAt({ cwd: import.meta.dirname, env }, 'ctl', ...args),
  });
}

/** Every worker has its own copy. */
async function keepEverywhere({ round, fetches }: Edge, path: string, workers = 2): Promise<void> {
  await eventually(async () => {
    await round(path);
    if (fetches(path) < workers) throw new Error(`${fetches(path)} workers have ${path}`);
  });
}

async function assertForgotten(edge: Edge, path: string): Promise<void> {
  const before = edge.fetches(path);
  for (const text of await edge.round(path)) {
    assert.ok(Number(/#(\d+)$/.exec(text)?.[1]) > before, `${text} was answered, of before`);
  }
}

async function assertKept({ round, fetches }: Edge, path: string): Promise<void> {
  const before = fetches(path);
  await round(path);
  assert.equal(fetches(path), before, `${path} was fetched again`);
}

const PATHS = ['/items/5', '/items/5?full', '/items/6', '/users/5'];

const purges: [body: object, forgotten: readonly string[]][] = [
  [{ url: `${HOST}/items/5` }, ['/items/5']],
  [{ url: 'HTTP://Edge.TEST:80/items/%35' }, ['/items/5']],
  [{ prefix: `${HOST}/items/` }, ['/items/5', '/items/5?full', '/items/6']],
  [{ prefix: `${HOST}/items/5?f` }, ['/items/5?full']],
  [{ tag: 'items-6' }, ['/items/6']],
  [{ tags: ['items-6', 'users'] }, ['/items/6', '/users/5']],
  [{ all: true }, PATHS],
  [{ url: 'http://other.test/items/5' }, []],
  [{ tag: 'item' }, []],
];

describe('a purge', () => {
  test('is done by every worker when it is answered, and forgets no more than it says', () =>
    withEdge('supervised', async (edge) => {
      for (const [body, forgotten] of purges) {
        for (const path of PATHS) {
          const enough = edge.fetches(path);
          await edge.round(path);
          if (enough === 0) await keepEverywhere(edge, path);
        }
        const { status, body: told } = await edge.purge(body);
        assert.equal(status, 200, JSON.stringify(told));
        assert.deepEqual([told.workers, told.reach], [2, 'here']);
        assert.match(`${told.changed}`, /forgotten by 2 workers$/);
        for (const path of PATHS) {
          if (forgotten.includes(path)) await assertForgotten(edge, path);
          else await assertKept(edge, path);
        }
      }
    }));

  test('needs the token, and leaves a trace with and without it', () =>
    withEdge('supervised', async (edge) => {
      await keepEverywhere(edge, '/items/5');
      const refused = await edge.purge({ all: true }, 'not-the-token-of-tests');
      assert.equal(refused.status, 401);
      await assertKept(edge, '/items/5');
      assert.equal((await edge.purge({ url: `${HOST}/items/5` })).status, 200);
      const { entries } = await readAdmin<{ entries: Record<string, unknown>[] }>(
        edge.proxy,
        '/api/audit',
      );
      assert.deepEqual(
        entries.map(({ action, target, result }) => [action, target, result]),
        [
          ['authorize', '/api/cache/purge', 'refused'],
          ['purge', `url ${HOST}/items/5`, 'done'],
        ],
      );
      await eventually(() =>
        assert.match(edge.proxy.stderr, /"name":"audit".*purge url http:\/\/edge\.test\/items\/5/),
      );
    }));

  test('that makes no sense is refused with what is wrong, and forgets nothing', () =>
    withEdge('supervised', async (edge) => {
      await keepEverywhere(edge, '/items/5');
      const { status, body } = await edge.purge({ url: '/items/5' });
      assert.equal(status, 400);
      assert.match(`${body.detail}`, /^expected an absolute URL/);
      await assertKept(edge, '/items/5');
    }));

  test('is for workers that are leaving as well', () =>
    withEdge('supervised', async ({ proxy, origin, purge }) => {
      await using waiting = await openClient(proxy.port);
      waiting.send(getText('/never'));
      await eventually(() => assert.ok(origin.requests.some(({ target }) => target === '/never')));
      const restarted = callAdmin({ port: proxy.adminPort }, '/api/restart', {
        body: {},
        token: TOKEN,
      });
      await eventually(async () => {
        const { workers } = await readAdmin<{ workers: WorkerSeen[] }>(proxy, '/api/workers');
        const isHeldUp = ({ state, inFlight }: WorkerSeen) => state === 'draining' && inFlight > 0;
        assert.ok(workers.some(isHeldUp), 'the worker with the request does not drain yet');
        assert.equal(workers.length, 3);
      });
      const { status, body } = await purge({ all: true });
      assert.deepEqual([status, body.workers], [200, 3]);
      for (const request of origin.requests) {
        if (request.target === '/never') request.answer('at last');
      }
      assert.equal((await waiting.response()).text, 'at last');
      assert.equal((await restarted).status, 200);
      await awaitWorkers(proxy, 2);
    }));

  test('reaches the only process where there is no supervisor', () =>
    withEdge('single', async (edge) => {
      await keepEverywhere(edge, '/items/5', 1);
      const { body } = await edge.purge({ tag: 'items-5' });
      assert.deepEqual([body.workers, body.reach], [1, 'here']);
      await assertForgotten(edge, '/items/5');
    }));
});

test('ctl purges, and shows what the cache has', () =>
  withEdge('supervised', async (edge) => {
    await keepEverywhere(edge, '/items/5');
    await keepEverywhere(edge, '/users/5');
    await assertKept(edge, '/users/5');
    const shown = await edge.ctl('cache');
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^memory {2}\d+ MiB of 512 MiB, 4 answers\nREQUESTS /);
    const { hits, misses } = JSON.parse((await edge.ctl('cache', '--json')).stdout) as {
      hits: number;
      misses: number;
    };
    assert.ok(hits >= CLIENTS && misses === 4, `${hits} hits, ${misses} misses`);

    const purged = await edge.ctl('purge', '--tag', 'items', '--tag', 'orders');
    assert.deepEqual(
      [purged.code, purged.stdout, purged.stderr],
      [0, 'tags items, orders: forgotten by 2 workers\n', ''],
    );
    await assertForgotten(edge, '/items/5');
    await assertKept(edge, '/users/5');
    const refused = await edge.ctl('purge', '--prefix', HOST);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /for all of a host end it in \//);
  }));

/** Two edges before one origin, whose caches share a Redis, and clients that read all the time. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyConfigInput } from '@headgate/proxy';
import { callAdmin } from './admin-call.ts';
import { eventually } from './eventually.ts';
import { TOKEN } from './operator.ts';
import { type ProxyProcess, startProxy } from './proxy-process.ts';
import { get, getText, openClient, type RawResponse } from './raw-client.ts';
import { type ReceivedRequest, type RecordingOrigin, startOrigin } from './recording-origin.ts';

/** Where Redis is, as the configuration says it. */
export type RedisPlace = NonNullable<NonNullable<ProxyConfigInput['cache']>['redis']>;

export interface SharedEdges extends AsyncDisposable {
  readonly origin: RecordingOrigin;
  readonly first: ProxyProcess;
  readonly second: ProxyProcess;
  /** A path nobody has asked for. */
  newPath(): string;
  /** How often the origin was asked for it. */
  fetches(path: string): number;
  /** Waits until what one edge has fetched is known to the other, both ways. */
  awaitSharing(): Promise<void>;
}

/** Answers as soon as `answer` is called; until it is, `held` says who waits. */
export type Holding = (request: ReceivedRequest) => boolean;

/** Seconds for which pages below `/short` are fresh. */
const SHORT_S = 1;
const READERS = 6;
const PAGES = 5;
/** Between the line in which a time is taken and that in which something is done with it. */
const SLACK_MS = 500;

/** Answers with the time it was made; `isHeld` keeps requests for the test to answer. */
export async function startSharedEdges(
  places: readonly [RedisPlace, RedisPlace],
  isHeld: Holding = () => false,
): Promise<SharedEdges> {
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(
    await startOrigin((request) => {
      if (!isHeld(request)) answerNow(request);
    }),
  );
  const startOne = async (redis: RedisPlace) =>
    stack.use(
      await startProxy({
        services: { app: { upstreams: [{ url: origin.url }] } },
        routes: [{ service: 'app', cache: true }],
        cache: { redis },
        admin: { address: '127.0.0.1:0', token: TOKEN },
      }),
    );
  const [first, second] = await Promise.all([startOne(places[0]), startOne(places[1])]);
  const fetches = (path: string) => origin.requests.filter(({ target }) => target === path).length;
  let paths = 0;
  const newPath = () => `/long/${++paths}`;
  const rest = stack.move();
  return {
    origin,
    first,
    second,
    newPath,
    fetches,
    awaitSharing: () =>
      eventually(async () => {
        for (const [one, other] of [
          [first, second],
          [second, first],
        ] as const) {
          const path = newPath();
          await get(one.port, path);
          // What is kept is written behind the answer.
          await sleep(50);
          await get(other.port, path);
          assert.equal(fetches(path), 1, 'both edges had to fetch it');
        }
      }, 40_000),
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

/** `/short` is fresh for a second, anything else for ten minutes; the tag is the path. */
export function answerNow(request: ReceivedRequest): void {
  const { target } = request;
  const lifetime = target.startsWith('/short') ? SHORT_S : 600;
  const fields = [`Cache-Control: max-age=${lifetime}`, `Cache-Tag: ${target}`];
  request.answer(`${performance.now()}`, ...fields);
}

/**
 * Has clients of both edges read pages with a short life all the time while `act` runs. Fails when
 * a request fails, or an answer is older than it says it may become.
 */
export async function underReaders(edges: SharedEdges, act: () => Promise<void>): Promise<void> {
  const problems: string[] = [];
  let isOver = false;
  let answered = 0;
  const readers = Array.from({ length: READERS }, async (_, index) => {
    const proxy = index % 2 === 0 ? edges.first : edges.second;
    await using client = await openClient(proxy.port);
    for (let turn = index; !isOver; turn++) {
      const sentMs = performance.now();
      client.send(getText(`/short/${turn % PAGES}`));
      const problem = problemWith(await client.response(), sentMs);
      if (problem) problems.push(problem);
      answered++;
      await sleep(2);
    }
  });
  const all = Promise.all(readers);
  // A reader that fails is told below, not before somebody listens.
  all.catch(() => {});
  const readMore = async () => {
    const enough = answered + 20 * READERS;
    await eventually(() => assert.ok(answered >= enough || problems.length > 0, `${answered}`));
  };
  try {
    await readMore();
    await act();
    await readMore();
  } finally {
    isOver = true;
    await all;
  }
  assert.deepEqual(problems.slice(0, 5), [], `${problems.length} of ${answered} answers`);
}

function problemWith({ status, text }: RawResponse, sentMs: number): string | undefined {
  if (status !== 200) return `status ${status}: ${text}`;
  const ageMs = sentMs - Number(text);
  const isTooOld = !(ageMs <= SHORT_S * 1_000 + SLACK_MS);
  return isTooOld ? `an answer of ${Math.round(ageMs)} ms ago` : undefined;
}

/** What an operator is told of a purge. */
export interface Purged {
  readonly reach?: string;
  readonly detail?: string;
}

/** Purges by the admin API of one edge; resolves with how far it has come. */
export async function purge(proxy: ProxyProcess, body: object): Promise<Purged> {
  const place = { port: proxy.adminPort };
  const answer = await callAdmin<Purged>(place, '/api/cache/purge', { body, token: TOKEN });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

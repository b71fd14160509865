/**
 * Attacks on a shared cache, each on a page of its own: on what others are given (poisoning), on
 * what others are told (leaks), and on the cache itself. No answer crosses from one client to
 * another unless it was for all.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CachedSite, type Page, reply, startSite } from '../support/cached-site.ts';
import { exchangeOnce, openClient, type RawResponse } from '../support/raw-client.ts';
import type { ReceivedRequest } from '../support/recording-origin.ts';
import { answerCases } from './cache-attacks-answers.ts';
import { type PoisoningAttack, plain, poisoningAttacks } from './cache-attacks-poisoning.ts';

const KEPT = 'Cache-Control: max-age=60';

/** Different for every request, or written by the cache about itself. */
const UNSTEADY = new Set(['age', 'cache-status', 'date', 'x-request-id']);
/** What tells requests apart though they ask the same; and what is said to caches, not to origins. */
const UNSAID = new Set(['cache-control', 'pragma', 'traceparent', 'x-request-id']);

let site: CachedSite;

before(async () => {
  site = await startSite({ cache: { heuristic: true }, service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

/** Puts all that it is told into its answer, as a careless origin might, and calls it fresh. */
async function reflect(request: ReceivedRequest, vary: readonly string[]): Promise<void> {
  const { method, target } = request;
  const told = request.head.fields.filter(([name]) => !UNSAID.has(name.toLowerCase()));
  const body = JSON.stringify({ method, target, told, body: `${await request.body}` });
  reply(request, { fields: [KEPT, ...vary], body });
}

async function assertSteady(attack: PoisoningAttack): Promise<void> {
  const { attacker, victim = plain(), vary } = attack;
  const lines = vary === undefined ? [] : [`Vary: ${vary}`];
  const quiet = site.page((request) => reflect(request, lines));
  const attacked = site.page((request) => reflect(request, lines));
  const expected = seen(await exchangeOnce(site.proxy.port, victim(quiet.path)), quiet);
  for (const request of [attacker].flat()) await strike(request(attacked.path));
  for (const time of ['first', 'second']) {
    const got = seen(await exchangeOnce(site.proxy.port, victim(attacked.path)), attacked);
    assert.deepEqual(got, expected, `what the victim gets the ${time} time`);
  }
}

/** Sends it and waits until the edge is done with it, whatever it makes of it. */
async function strike(bytes: string): Promise<void> {
  await using client = await openClient(site.proxy.port);
  client.send(bytes);
  await client.response(bytes.startsWith('HEAD ') ? 'HEAD' : undefined).catch(() => {});
  client.socket.end();
  await client.ended();
}

function seen({ status, text, head }: RawResponse, { path }: Page) {
  const fields = head.fields.filter(([name]) => !UNSTEADY.has(name.toLowerCase()));
  const content = status < 400 ? text : '';
  return JSON.parse(JSON.stringify({ status, content, fields }).replaceAll(path, '/PAGE'));
}

for (const [group, attacks] of Object.entries(poisoningAttacks)) {
  describe(`no victim notices: ${group}`, () => {
    for (const attack of attacks) test(attack.name, () => assertSteady(attack));
  });
}

for (const [group, cases] of Object.entries(answerCases)) {
  describe(group, () => {
    for (const { name, status, fields, isKept } of cases) {
      test(`${name}: ${isKept ? 'kept' : 'not kept'}`, async () => {
        const page = site.page((request, nth) => answerWith(request, nth, status, fields));
        for (let i = 0; i < 3; i++) await page.send({ rest: '/account/x.css' });
        assert.equal(page.asked.length, isKept ? 1 : 3);
      });
    }
  });
}

function answerWith(
  request: ReceivedRequest,
  nth: number,
  status = 200,
  fields: readonly string[] = [],
): void {
  if (!fields.some((field) => field.startsWith('Content-Length:'))) {
    reply(request, { status, fields, body: `#${nth}` });
  } else {
    request.socket.write([`HTTP/1.1 ${status} Told`, ...fields, '', 'abcd'].join('\r\n'));
  }
}

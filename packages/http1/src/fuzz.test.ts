/**
 * Generated and damaged messages against llhttp: what it refuses is refused here, but for the
 * exceptions below, and what both take they read alike. `HTTP1_FUZZ_CASES` and `HTTP1_FUZZ_SEED`
 * set how many and which; a failure names the seed of its one case.
 */
import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { it } from 'node:test';
import { llhttpRequests, llhttpResponse, type Theirs } from './llhttp.test-support.ts';
import { randomRequests, randomResponse, seededRandom } from './mutate.test-support.ts';
import {
  everyCut,
  type ParsedMessage,
  parseRequests,
  parseResponse,
} from './parsed.test-support.ts';

const CASES = Number(process.env.HTTP1_FUZZ_CASES ?? 4_000);
const SEED = Number(process.env.HTTP1_FUZZ_SEED ?? 1);

/** What may be taken here although llhttp refuses it, and by what right. */
const EXCEPTIONS: readonly {
  readonly code: string;
  readonly source: string;
  applies(message: ParsedMessage): boolean;
}[] = [
  {
    code: 'HPE_INVALID_METHOD',
    source: 'RFC 9110 §9.1: any token is a method; llhttp knows a list of them',
    applies: ({ startLine }) => !METHODS.includes(startLine.split(' ')[0] as string),
  },
];

it(`${CASES} streams of requests are read as llhttp reads them, or refused`, async () => {
  let agreed = 0;
  await forEachSeed(async (seed) => {
    const text = randomRequests(seededRandom(seed));
    const ours = parseRequests(text);
    assert.deepEqual(parseRequests(text, everyCut(text)), ours, 'byte by byte');
    // After these a caller stops; llhttp refuses or ignores what comes then.
    const last = ours.messages.findIndex(endsRequests);
    const taken = last < 0 ? ours.messages : ours.messages.slice(0, last + 1);
    agreed += countAgreed(taken, await llhttpRequests(text));
  });
  // Else the two would agree about nothing.
  assert.ok(agreed >= CASES / 5, `${agreed} messages taken by both`);
});

it(`${CASES} responses are read as llhttp reads them, or refused`, async () => {
  let agreed = 0;
  await forEachSeed(async (seed) => {
    const random = seededRandom(seed);
    const text = randomResponse(random);
    const method = random() < 0.2 ? 'HEAD' : 'GET';
    const ours = parseResponse(text, [], method);
    assert.deepEqual(parseResponse(text, everyCut(text), method), ours, 'byte by byte');
    const final = ours.messages.filter(({ startLine }) => !/^1(?!01)/.test(startLine));
    agreed += countAgreed(final, await llhttpResponse(text, method));
  });
  // Else the two would agree about nothing.
  assert.ok(agreed >= CASES / 5, `${agreed} messages taken by both`);
});

async function forEachSeed(check: (seed: number) => Promise<void>): Promise<void> {
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    try {
      await check(seed);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      assert.fail(`HTTP1_FUZZ_CASES=1 HTTP1_FUZZ_SEED=${seed} fails again\n${message}`);
    }
  }
}

function endsRequests({ keepAlive, startLine, fields }: ParsedMessage): boolean {
  const offersUpgrade = fields.some(([name]) => name.toLowerCase() === 'upgrade');
  return !keepAlive || offersUpgrade || startLine.startsWith('CONNECT ');
}

/** How many messages both take, and read alike. Throws when only we take one, or differently. */
function countAgreed(ours: readonly ParsedMessage[], theirs: Theirs): number {
  for (const [i, message] of ours.entries()) {
    if (!message.isComplete) return i;
    const other = theirs.messages[i];
    if (!other?.isComplete) {
      const isException = EXCEPTIONS.some((e) => e.code === theirs.error && e.applies(message));
      if (isException) return i;
      assert.fail(`llhttp refuses (${theirs.error}) ${JSON.stringify(message)}`);
    }
    const { startLine, fields, body, trailers, isComplete } = message;
    assert.deepEqual({ startLine, fields, body, trailers, isComplete }, other);
  }
  return ours.length;
}

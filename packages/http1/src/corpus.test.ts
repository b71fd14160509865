import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  malformedRequests,
  malformedResponses,
  type RefusedCase,
  validRequests,
  validResponses,
} from './corpus/index.ts';
import { everyCut, type Parsed, parseRequests, parseResponse } from './parsed.test-support.ts';
import { refusalReasons } from './refusal.ts';

type Parse = (text: string, cuts?: readonly number[]) => Parsed;

/** Beyond this, a message is cut in two at some places only. */
const CUT_ALL_UP_TO = 400;

/** What whole messages come to, they come to in any pieces. */
function assertSameInPieces(parse: Parse, text: string, whole: Parsed): void {
  const cuts = everyCut(text);
  assert.deepEqual(parse(text, cuts), whole, 'byte by byte');
  const step = text.length <= CUT_ALL_UP_TO ? 1 : 97;
  for (let i = 0; i < cuts.length; i += step) {
    assert.deepEqual(parse(text, [cuts[i] as number]), whole, `cut at ${cuts[i]}`);
  }
}

function assertRefused(parse: Parse, { bytes, reason, status }: RefusedCase): void {
  const whole = parse(bytes);
  assert.equal(whole.refusal?.reason, reason);
  assert.equal(whole.refusal?.status, status);
  assertSameInPieces(parse, bytes, whole);
}

function nameOf(theme: string, bytes: string): string {
  const shown = bytes.length > 120 ? `${bytes.slice(0, 100)}… (${bytes.length})` : bytes;
  return `${theme}: ${JSON.stringify(shown)}`;
}

describe('requests that must be refused', () => {
  for (const malformed of malformedRequests) {
    it(nameOf(malformed.theme, malformed.bytes), () => assertRefused(parseRequests, malformed));
  }
});

describe('responses that must be refused', () => {
  for (const malformed of malformedResponses) {
    it(nameOf(malformed.theme, malformed.bytes), () => assertRefused(parseResponse, malformed));
  }
});

describe('requests that must be taken', () => {
  for (const { theme, bytes, body } of validRequests) {
    it(nameOf(theme, bytes), () => {
      const whole = parseRequests(bytes);
      assert.equal(whole.refusal, undefined);
      assert.deepEqual(
        whole.messages.map((message) => [message.body, message.isComplete]),
        [[body, true]],
      );
      assertSameInPieces(parseRequests, bytes, whole);
    });
  }
});

describe('responses that must be taken', () => {
  for (const { theme, bytes, body, method, interim, endsWithConnection } of validResponses) {
    it(nameOf(theme, bytes), () => {
      const parse: Parse = (text, cuts) => parseResponse(text, cuts, method);
      const whole = parse(bytes);
      assert.equal(whole.refusal, undefined);
      assert.equal(whole.messages.length, interim + 1);
      assert.equal(whole.messages.at(-1)?.body, body);
      assert.equal(whole.messages.at(-1)?.framing === 'close', endsWithConnection);
      assert.equal(whole.messages.at(-1)?.isComplete, true);
      assert.equal(whole.consumed, bytes.length);
      assertSameInPieces(parse, bytes, whole);
    });
  }
});

it('the corpora are as large as they need to be and show every reason to refuse', () => {
  assert.ok(malformedRequests.length >= 300, `${malformedRequests.length} requests`);
  assert.ok(malformedResponses.length >= 100, `${malformedResponses.length} responses`);
  const shown = new Set([...malformedRequests, ...malformedResponses].map(({ reason }) => reason));
  // These two are about what is not there, and have tests of their own.
  const elsewhere = ['truncated', 'unsolicited-response'];
  assert.deepEqual(
    refusalReasons.filter((reason) => !shown.has(reason)),
    elsewhere,
  );
});

it('no request stands in the corpus twice', () => {
  const all = malformedRequests.map(({ bytes }) => bytes);
  assert.deepEqual(
    all.filter((bytes, i) => all.indexOf(bytes) !== i),
    [],
  );
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  applyOperatorState,
  type KnownUpstreams,
  listEntries,
  type OperatorChange,
  type OperatorState,
  operate,
} from './operator.ts';

const A = 'http://127.0.0.1:4001';
const B = 'http://127.0.0.1:4002';
const known: KnownUpstreams = new Map([
  ['items', [A, B]],
  ['users', ['unix:/run/users.sock']],
]);

/** What is in force after the changes, all of which must be possible. */
function after(...changes: OperatorChange[]): OperatorState {
  return changes.reduce<OperatorState>((state, change) => {
    const result = operate(state, change, known);
    assert.ok(result.ok, 'expected the change to be accepted');
    return result.state;
  }, []);
}

function refusal(change: OperatorChange, state: OperatorState = []): string {
  const result = operate(state, change, known);
  assert.ok(!result.ok, 'expected the change to be refused');
  return `${result.status} ${result.why}`;
}

const drainA: OperatorChange = { service: 'items', upstream: A, action: 'drain' };
const enableA: OperatorChange = { service: 'items', upstream: A, action: 'enable' };

describe("an operator's change", () => {
  it('is told and remembered', () => {
    const result = operate([], drainA, known);
    assert.deepEqual(result, {
      ok: true,
      state: [{ service: 'items', upstream: A, state: 'draining' }],
      changed: [`${A} is draining`],
    });
  });

  it('names an upstream as its URL is written', () => {
    const state = after({ ...drainA, upstream: 'HTTP://127.0.0.1:4001/' });
    assert.equal(state[0]?.upstream, A);
  });

  it('that changes nothing is no change', () => {
    const state = after(drainA);
    assert.deepEqual(operate(state, drainA, known), { ok: true, state, changed: [] });
    assert.deepEqual(operate([], enableA, known), { ok: true, state: [], changed: [] });
  });

  it('leaves nothing behind when it is undone', () => {
    assert.deepEqual(after(drainA, enableA), []);
    const weight = { ...drainA, action: 'weight' } as const;
    assert.deepEqual(after({ ...weight, weight: 3 }, { ...weight, weight: undefined }), []);
  });

  it('of the state leaves the weight alone, and the other way round', () => {
    const state = after(drainA, { ...drainA, action: 'weight', weight: 0.5 });
    assert.deepEqual(state, [{ service: 'items', upstream: A, state: 'draining', weight: 0.5 }]);
    assert.deepEqual(operate(state, enableA, known), {
      ok: true,
      state: [{ service: 'items', upstream: A, weight: 0.5 }],
      changed: [`${A} is enabled`],
    });
  });

  it('that takes the last upstream out says so', () => {
    const result = operate(after(drainA), { ...drainA, upstream: B, action: 'disable' }, known);
    assert.ok(result.ok);
    assert.deepEqual(result.changed, [
      `${B} is disabled`,
      'items has no upstream left that takes requests',
    ]);
  });

  it('survives a structured clone and JSON', () => {
    const state = after(drainA, { ...drainA, action: 'weight', weight: 2 });
    assert.deepEqual(structuredClone(state), state);
    assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
  });

  const refused: [change: OperatorChange, why: RegExp][] = [
    [{ ...drainA, service: 'item' }, /^404 there is no service "item"; did you mean "items"\?$/],
    [{ ...drainA, service: 'zebra' }, /^404 there is no service "zebra"; there is items, users$/],
    [
      { ...drainA, upstream: 'http://127.0.0.1:4003' },
      /^404 items has no upstream .* did you mean/,
    ],
    [
      { ...drainA, upstream: 'unix:/run/users.sock' },
      /^404 items has no upstream .*; there is http/,
    ],
    [{ ...drainA, action: 'weight', weight: 0 }, /^400 expected a weight above 0 and up to 1000/],
    [{ ...drainA, action: 'weight', weight: 1_001 }, /^400 expected a weight/],
    [{ ...drainA, action: 'weight', weight: Number.NaN }, /^400 expected a weight/],
  ];
  for (const [change, why] of refused) {
    it(`is refused: ${JSON.stringify(change)}`, () => assert.match(refusal(change), why));
  }
});

describe('what operators have decided about an upstream that has gone', () => {
  const withoutA: KnownUpstreams = new Map([['items', [B]]]);

  it('is kept and listed as such', () => {
    assert.deepEqual(listEntries(after(drainA), withoutA), [
      { service: 'items', upstream: A, state: 'draining', isPresent: false },
    ]);
    assert.equal(listEntries(after(drainA), known)[0]?.isPresent, true);
  });

  it('can be forgotten, even when its service has gone', () => {
    for (const present of [withoutA, new Map()]) {
      const result = operate(after(drainA), enableA, present);
      assert.ok(result.ok);
      assert.deepEqual(result.state, []);
    }
  });
});

describe("operators' decisions", () => {
  const services = {
    items: {
      policy: 'random',
      upstreams: [
        { url: `${A}/`, weight: 1, zone: 'a' },
        { url: B, weight: 4 },
      ],
    },
    users: { policy: 'hash', upstreams: [{ url: 'unix:/run/users.sock', weight: 1 }] },
  };

  it('are laid over the upstreams, and nothing else is touched', () => {
    const state = after(drainA, { ...drainA, upstream: B, action: 'weight', weight: 0.5 });
    const applied = applyOperatorState(services, state);
    assert.deepEqual(applied.items, {
      policy: 'random',
      upstreams: [
        { url: `${A}/`, weight: 1, zone: 'a', state: 'draining' },
        { url: B, weight: 0.5 },
      ],
    });
    assert.equal(applied.users, services.users);
    assert.equal(services.items.upstreams[1]?.weight, 4);
  });
});

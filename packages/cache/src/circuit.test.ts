import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCircuit, type Pass } from './circuit.ts';

const failure = new Error('refused');

function setUp(random = () => 0.999_999) {
  const clock = { nowMs: 5_000 };
  return { clock, circuit: createCircuit({ now: () => clock.nowMs, random }) };
}

function enter(circuit: { enter(): Pass | undefined }): Pass {
  return circuit.enter() ?? assert.fail('the circuit refused');
}

test('a closed circuit lets every request through', () => {
  const { circuit } = setUp();
  for (let i = 0; i < 10; i++) assert.notEqual(circuit.enter(), undefined);
  assert.equal(circuit.isOpen, false);
  assert.equal(circuit.lastError, undefined);
});

test('one failure opens it, and says why', () => {
  const { circuit } = setUp();
  enter(circuit).fail(failure);
  assert.equal(circuit.isOpen, true);
  assert.equal(circuit.lastError, failure);
  assert.equal(circuit.enter(), undefined);
});

test('after the back-off one trial goes through, and its success closes the circuit', () => {
  const { circuit, clock } = setUp();
  enter(circuit).fail(failure);
  clock.nowMs += 1_000;
  const trial = enter(circuit);
  assert.equal(circuit.enter(), undefined, 'one trial at a time');
  trial.succeed();
  assert.equal(circuit.isOpen, false);
  assert.notEqual(circuit.enter(), undefined);
});

test('the back-off doubles with each failed trial up to 30 s and starts anew after a success', () => {
  const { circuit, clock } = setUp();
  const backOffsMs: number[] = [];
  enter(circuit).fail(failure);
  for (let trial = 0; trial < 7; trial++) {
    const openedAtMs = clock.nowMs;
    let pass = circuit.enter();
    while (pass === undefined) {
      clock.nowMs += 500;
      pass = circuit.enter();
    }
    backOffsMs.push(clock.nowMs - openedAtMs);
    pass.fail(failure);
  }
  assert.deepEqual(backOffsMs, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  clock.nowMs += 30_000;
  enter(circuit).succeed();
  enter(circuit).fail(failure);
  clock.nowMs += 1_000;
  assert.notEqual(circuit.enter(), undefined);
});

test('chance shortens the back-off by at most half', () => {
  const { circuit, clock } = setUp(() => 0);
  enter(circuit).fail(failure);
  clock.nowMs += 499;
  assert.equal(circuit.enter(), undefined);
  clock.nowMs += 1;
  assert.notEqual(circuit.enter(), undefined);
});

test('requests that fail together are one failure', () => {
  const { circuit, clock } = setUp();
  const passes = Array.from({ length: 50 }, () => enter(circuit));
  for (const pass of passes) pass.fail(failure);
  clock.nowMs += 1_000;
  assert.notEqual(circuit.enter(), undefined);
});

test('a request from before the opening neither closes the circuit nor ends the trial', () => {
  const { circuit, clock } = setUp();
  const [early, late] = [enter(circuit), enter(circuit)];
  enter(circuit).fail(failure);
  early.succeed();
  assert.equal(circuit.isOpen, true);
  clock.nowMs += 1_000;
  const trial = enter(circuit);
  late.fail(new Error('a straggler'));
  assert.equal(circuit.lastError, failure);
  trial.succeed();
  assert.equal(circuit.isOpen, false);
});

test('whatever happens, an open circuit has one trial at a time and reopens within 30 s', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('pass-time'), ms: fc.integer({ min: 0, max: 40_000 }) }),
    fc.record({ kind: fc.constantFrom('enter'), ms: fc.constant(0) }),
    fc.record({ kind: fc.constantFrom('succeed', 'fail'), ms: fc.nat(5) }),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (steps, dice) => {
        const { circuit, clock } = setUp(() => dice);
        const unsettled: { pass: Pass; isTrial: boolean }[] = [];
        for (const { kind, ms } of steps) {
          if (kind === 'pass-time') clock.nowMs += ms;
          else if (kind === 'enter') {
            const isTrial = circuit.isOpen;
            const pass = circuit.enter();
            if (!isTrial) assert.ok(pass, 'a closed circuit never refuses');
            if (pass) unsettled.push({ pass, isTrial });
          } else {
            const [settled] = unsettled.splice(ms % Math.max(1, unsettled.length), 1);
            if (kind === 'succeed') settled?.pass.succeed();
            else settled?.pass.fail(failure);
          }
          assert.ok(unsettled.filter(({ isTrial }) => isTrial).length <= 1);
        }
        for (const { pass } of unsettled) pass.fail(failure);
        clock.nowMs += 30_000;
        assert.ok(circuit.enter());
      },
    ),
  );
});

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { FlowOwner } from './flows/running-flow.ts';
import { Recording } from './recording.ts';
import { UsersDriver, type UsersDriverOptions } from './users-driver.ts';

/** Users whose flows end when the test says, on a clock that the test moves. */
function setUp(t: TestContext, options: Partial<UsersDriverOptions> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const clock = { nowMs: 0 };
  const now = () => clock.nowMs;
  const series = new Recording(now, 1_000).series('flow', 'plain');
  const begun: { atMs: number; owner: FlowOwner; user: unknown }[] = [];
  const flow = {
    begin: (atMs: number, owner: FlowOwner, user: unknown) =>
      void begun.push({ atMs, owner, user }),
    async close() {},
  };
  const turns: number[] = [];
  const driver = new UsersDriver({
    knots: [{ atMs: 0, level: 3 }],
    thinkMs: [0, 0],
    flows: [{ flow, series }],
    choose: (turn) => {
      turns.push(turn);
      return 0;
    },
    userAt: (index) => index,
    seed: 1,
    part: 0,
    parts: 1,
    originMs: 0,
    now,
    ...options,
  });
  t.after(() => driver.stop());
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i++) {
      clock.nowMs++;
      t.mock.timers.tick(1);
    }
  };
  return { driver, begun, turns, pass };
}

describe('a users driver', () => {
  it('has each user begin when the flow before has ended, with what is theirs', (t) => {
    const { driver, begun, turns, pass } = setUp(t);
    driver.start();
    pass(500);
    assert.deepEqual(
      begun.map(({ user }) => user),
      [0, 1, 2],
    );
    begun[1]?.owner.flowEnded();
    assert.equal(begun.length, 4);
    assert.equal(begun[3]?.user, 1);
    assert.equal(begun[3]?.atMs, 500);
    assert.equal(new Set(turns).size, 4);
    assert.equal(driver.users, 3);
  });

  it('lets users think between flows', (t) => {
    const { driver, begun, pass } = setUp(t, { thinkMs: [20, 40] });
    driver.start();
    for (const { owner } of begun.slice()) owner.flowEnded();
    pass(18);
    assert.equal(begun.length, 3);
    pass(23);
    assert.equal(begun.length, 6);
  });

  it('has a user pause whose flow failed', (t) => {
    const { driver, begun, pass } = setUp(t, { knots: [{ atMs: 0, level: 1 }] });
    driver.start();
    begun[0]?.owner.flowEnded(true);
    pass(9);
    assert.equal(begun.length, 1);
    pass(2);
    assert.equal(begun.length, 2);
  });

  it('follows the profile; who leaves ends the flow, and begins no other', (t) => {
    const knots = [
      { atMs: 0, level: 0 },
      { atMs: 1_000, level: 10 },
      { atMs: 2_000, level: 0 },
    ];
    const { driver, begun, pass } = setUp(t, { knots });
    driver.start();
    assert.equal(driver.users, 0);
    pass(500);
    assert.equal(driver.users, 5);
    pass(500);
    assert.equal(driver.users, 10);
    assert.equal(begun.length, 10);
    pass(800);
    assert.equal(driver.users, 2);
    for (const { owner } of begun.slice()) owner.flowEnded();
    assert.equal(begun.length, 12);
  });

  it('is scaled from a time on', (t) => {
    const { driver, pass } = setUp(t);
    driver.start();
    driver.scaleFrom(300, 3);
    pass(200);
    assert.equal(driver.users, 3);
    pass(200);
    assert.equal(driver.users, 9);
  });

  it('shares the users among workers, none of them twice', (t) => {
    const users = [0, 1, 2].flatMap((part) => {
      const { driver, begun } = setUp(t, { knots: [{ atMs: 0, level: 7 }], part, parts: 3 });
      driver.start();
      t.mock.timers.reset();
      return begun.map(({ user }) => user as number);
    });
    assert.deepEqual(
      users.sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6],
    );
  });

  it('begins nothing once it is stopped', (t) => {
    const { driver, begun, pass } = setUp(t, { thinkMs: [5, 5] });
    driver.start();
    begun[0]?.owner.flowEnded();
    driver.stop();
    begun[1]?.owner.flowEnded();
    pass(500);
    assert.equal(begun.length, 3);
    assert.equal(driver.users, 0);
  });
});

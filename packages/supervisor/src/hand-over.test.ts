import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHandle } from './fake-workers.test-support.ts';
import { HandOverDesk } from './hand-over.ts';
import type { SocketHandle } from './listen-sockets.ts';
import type { HandOverNote, ToWorker } from './messages.ts';

const NOTE: HandOverNote = { listener: 'http', isReused: true };

interface Given {
  readonly take: number;
  readonly handle: SocketHandle | undefined;
}

class FakeTaker {
  readonly id: number;
  readonly given: Given[] = [];
  readonly tallies: number[] = [];
  facts = { connections: 0, requests: 0, inFlight: 0 };

  constructor(id: number, connections = 0) {
    this.id = id;
    this.has(connections);
  }

  has(connections: number): void {
    this.facts = { ...this.facts, connections };
  }

  send(message: ToWorker, handle?: SocketHandle): void {
    if (message.type === 'tally') {
      this.tallies.push(message.take);
      return;
    }
    assert.ok(message.type === 'take');
    assert.deepEqual(message.note, NOTE);
    this.given.push({ take: message.take, handle });
  }

  get handles() {
    return this.given.map(({ handle }) => handle);
  }
}

interface World {
  takers: readonly FakeTaker[];
  isTakerExpected: boolean;
  /** What was passed on; undefined when nothing is there to take it. */
  elsewhere?: SocketHandle[];
}

function createDesk(...takers: FakeTaker[]) {
  const world: World = { takers, isTakerExpected: true };
  const desk = new HandOverDesk<FakeTaker>({
    takers: () => world.takers,
    isTakerExpected: () => world.isTakerExpected,
    passOn(handle) {
      world.elsewhere?.push(handle);
      return world.elsewhere !== undefined;
    },
    maxKept: 2,
  });
  const receive = (count = 1) =>
    Array.from({ length: count }, () => {
      const handle = new FakeHandle();
      desk.receive(handle, NOTE);
      return handle;
    });
  return { desk, world, receive };
}

test('a connection goes to the worker with the fewest, and is let go when that has it', () => {
  const [few, many] = [new FakeTaker(1, 3), new FakeTaker(2, 8)];
  const { desk, receive } = createDesk(many, few);
  const [handle] = receive();
  assert.deepEqual(few.handles, [handle]);
  assert.equal(handle?.isClosed, false);
  desk.taken(few, few.given[0]?.take ?? 0);
  assert.equal(handle?.isClosed, true);
  assert.deepEqual(many.given, []);
});

test('what was passed since the last facts counts, taken or not', () => {
  const [a, b] = [new FakeTaker(1, 0), new FakeTaker(2, 4)];
  const { desk, receive } = createDesk(a, b);
  receive(3);
  for (const { take } of a.given) desk.taken(a, take);
  assert.equal(desk.expectedConnections(a), 3);
  receive(3);
  assert.deepEqual([a.given.length, b.given.length], [5, 1]);
  a.has(3);
  desk.heard(a);
  assert.equal(desk.expectedConnections(a), 5);
});

test('what a worker had not taken when it died goes to others, and nothing it had taken', () => {
  const [a, b] = [new FakeTaker(1), new FakeTaker(2, 9)];
  const { desk, world, receive } = createDesk(a, b);
  const [taken, untaken] = receive(2);
  desk.taken(a, a.given[0]?.take ?? 0);
  world.takers = [b];
  desk.gone(a);
  assert.equal(taken?.isClosed, true);
  assert.equal(untaken?.isClosed, false);
  assert.deepEqual(b.handles, [untaken]);
});

test('a connection that got lost on its way is sent again', () => {
  const a = new FakeTaker(1);
  const { desk, receive } = createDesk(a);
  const [lost, arrived] = receive(2);
  desk.taken(a, a.given[1]?.take ?? 0);
  assert.equal(arrived?.isClosed, true);
  assert.equal(lost?.isClosed, false);
  assert.equal(a.given[2]?.handle, lost);
  desk.taken(a, a.given[2]?.take ?? 0);
  assert.equal(lost?.isClosed, true);
});

test('the last connections that got lost are found by a tally, and closed when they never arrive', () => {
  const a = new FakeTaker(1);
  const { desk, receive } = createDesk(a);
  desk.tally();
  assert.deepEqual(a.tallies, [], 'there is nothing to be asked');
  const [arrived, lost] = receive(2);
  const last = () => a.given.at(-1)?.take ?? 0;
  desk.tally();
  desk.tally();
  assert.deepEqual(a.tallies, [last()], 'it is asked once');
  desk.taken(a, a.given[0]?.take ?? 0);
  const [late] = receive();
  desk.tallied(a, a.tallies[0] ?? 0);
  assert.deepEqual(a.handles, [arrived, lost, late, lost]);
  for (let again = 0; again < 2; again++) {
    assert.equal(lost?.isClosed, false);
    desk.tally();
    if (again === 0) desk.taken(a, a.given[2]?.take ?? 0);
    desk.tallied(a, last());
  }
  assert.deepEqual([arrived?.isClosed, lost?.isClosed, late?.isClosed], [true, true, true]);
  assert.equal(desk.readClosed(), 1);
  assert.equal(a.given.length, 5);
  desk.tally();
  assert.equal(a.tallies.length, 3);
});

test('connections wait for a worker, up to a limit', () => {
  const { desk, world, receive } = createDesk();
  const [first, second, third] = receive(3);
  assert.equal(third?.isClosed, true);
  assert.equal(desk.readClosed(), 1);
  assert.equal(desk.readClosed(), 0);
  const late = new FakeTaker(1);
  world.takers = [late];
  desk.dispatchKept();
  assert.deepEqual(late.handles, [first, second]);
});

test('connections are closed when no worker is to come', () => {
  const { desk, world, receive } = createDesk();
  const [kept] = receive();
  world.isTakerExpected = false;
  desk.dispatchKept();
  assert.equal(kept?.isClosed, true);
  assert.equal(receive()[0]?.isClosed, true);
  assert.equal(desk.readClosed(), 2);
});

test('where no worker is, connections go elsewhere, when there is such a place', () => {
  const taker = new FakeTaker(1);
  const { desk, world, receive } = createDesk(taker);
  world.elsewhere = [];
  const [own] = receive();
  assert.deepEqual(taker.handles, [own]);
  world.takers = [];
  const passedOn = receive(3);
  assert.deepEqual(world.elsewhere, passedOn);
  assert.ok(passedOn.every(({ isClosed }) => !isClosed));
  assert.equal(desk.readClosed(), 0);
});

test('closing lets go of everything', () => {
  const a = new FakeTaker(1);
  const { desk, world, receive } = createDesk(a);
  const [untaken] = receive();
  world.takers = [];
  const [kept] = receive();
  desk.close();
  assert.deepEqual([untaken?.isClosed, kept?.isClosed], [true, true]);
});

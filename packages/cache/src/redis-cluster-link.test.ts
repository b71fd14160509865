// How the way into a cluster is found and corrected, against servers that say what the test wants.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClusterLink } from './redis-cluster.ts';
import type { Command, RedisConnection, Reply } from './redis-connection.ts';
import { SLOTS, slotOf } from './redis-slot.ts';

type Answer = (command: Command, at: string) => Reply;

const text = (value: string) => Buffer.from(value);

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

/** Servers `a` and `b`, halves of the slots each unless `answer` says otherwise, and what they heard. */
function setUp(answer: Answer) {
  const heard: string[] = [];
  const asked: string[] = [];
  const clock = { nowMs: 0 };
  const down = new Set<string>();

  async function open({ host, port }: { host: string; port: number }): Promise<RedisConnection> {
    const at = `${host}:${port}`;
    if (down.has(at)) throw new Error(`${at} is down`);
    const ended = Promise.withResolvers<void>();
    return {
      async call(commands) {
        if (down.has(at)) throw new Error(`${at} is down`);
        return commands.map((command) => {
          if (command[0] === 'QUIT') return null;
          (command[0] === 'CLUSTER' ? asked : heard).push(`${at} ${command.join(' ')}`);
          return answer(command, at);
        });
      },
      ended: ended.promise,
      async end() {
        ended.resolve();
      },
    };
  }

  const link = createClusterLink({
    place: { nodes: ['redis://a:1', 'redis://b:2'] },
    open,
    now: () => clock.nowMs,
    random: () => 0,
  });
  return { link, heard, asked, clock, down };
}

const halves = (first: string, second: string): Reply => [
  [0, SLOTS / 2 - 1, [text(first), 1, text('id-1')], [text('replica'), 9, text('id-9')]],
  [SLOTS / 2, SLOTS - 1, [text(second), 2, text('id-2')]],
];

/** Lets what nobody waits for finish. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const LOW = 'b';
const HIGH = 'a';
assert.ok(slotOf(LOW) < SLOTS / 2 && slotOf(HIGH) >= SLOTS / 2);
const GET_LOW: Command = ['GET', LOW];

test('each key is asked for where its slot is', async () => {
  const { link, heard } = setUp((command) =>
    command[0] === 'CLUSTER' ? halves('a', 'b') : text('value'),
  );
  await Promise.all([link.send(LOW, [GET_LOW]), link.send(HIGH, [['GET', HIGH]])]);
  assert.deepEqual(heard, [`a:1 GET ${LOW}`, `b:2 GET ${HIGH}`]);
  await link.close();
});

test('a server that announces no host is where it was asked', async () => {
  const { link, heard } = setUp((command) =>
    command[0] === 'CLUSTER' ? [[0, SLOTS - 1, [text(''), 7, text('id')]]] : null,
  );
  await link.send(LOW, [GET_LOW]);
  assert.deepEqual(heard, [`a:7 GET ${LOW}`]);
  await link.close();
});

test('a slot that has moved is followed, and remembered', async () => {
  const { link, heard } = setUp((command, at) => {
    if (command[0] === 'CLUSTER') return halves('a', 'b');
    if (at === 'a:1') throw replyError(`MOVED ${slotOf(LOW)} c:3`);
    return text('value');
  });
  assert.deepEqual(await link.send(LOW, [GET_LOW]), [text('value')]);
  await link.send(LOW, [GET_LOW]);
  assert.equal(heard[0], `a:1 GET ${LOW}`);
  assert.equal(heard[1], `c:3 GET ${LOW}`);
  assert.equal(link.circuit.isOpen, false);
  await link.close();
});

test('while a slot moves, each command is announced to its new server, once', async () => {
  const { link, heard } = setUp((command, at) => {
    if (command[0] === 'CLUSTER') return halves('a', 'b');
    if (at === 'a:1' && command[0] === 'GET') throw replyError(`ASK ${slotOf(LOW)} :2`);
    return command[0] === 'ASKING' ? text('OK') : text(String(command[0]));
  });
  for (let i = 0; i < 2; i++) {
    const replies = await link.send(LOW, [['PTTL', LOW], GET_LOW]);
    assert.deepEqual(replies, [text('PTTL'), text('GET')]);
  }
  const sent = [`a:1 PTTL ${LOW}`, `a:1 GET ${LOW}`];
  const followed = ['a:2 ASKING', `a:2 PTTL ${LOW}`, 'a:2 ASKING', `a:2 GET ${LOW}`];
  assert.deepEqual(heard, [...sent, ...followed, ...sent, ...followed]);
  await link.close();
});

test('servers that send each other’s clients away for ever are not followed for ever', async () => {
  const { link, heard } = setUp((command, at) => {
    if (command[0] === 'CLUSTER') return halves('a', 'b');
    throw replyError(`MOVED ${slotOf(LOW)} ${at === 'a:1' ? 'b:2' : 'a:1'}`);
  });
  await assert.rejects(link.send(LOW, [GET_LOW]), /MOVED/);
  assert.equal(heard.length, 6);
  await link.close();
});

test('a server that is down is left alone; others are asked, once a second, who took over', async () => {
  let map = halves('a', 'b');
  const { link, heard, asked, clock, down } = setUp((command) =>
    command[0] === 'CLUSTER' ? map : text('value'),
  );
  await link.send(HIGH, [['GET', HIGH]]);
  down.add('a:1');
  await assert.rejects(link.send(LOW, [GET_LOW]), /a:1 is down/);
  assert.equal(await link.send(LOW, [GET_LOW]), undefined);
  assert.notEqual(await link.send(HIGH, [['GET', HIGH]]), undefined, 'the other half goes on');
  await settled();
  const mapsAsked = asked.length;
  map = halves('c', 'b');
  for (let i = 0; i < 20; i++) await link.send(LOW, [GET_LOW]);
  assert.equal(asked.length, mapsAsked, 'not more than once a second');
  clock.nowMs += 1_000;
  await link.send(LOW, [GET_LOW]).catch(() => {});
  await settled();
  assert.deepEqual(await link.send(LOW, [GET_LOW]), [text('value')]);
  assert.equal(heard.at(-1), `c:1 GET ${LOW}`);
  await link.close();
});

test('a slot that nobody holds is an error of its keys alone', async () => {
  const { link } = setUp((command) =>
    command[0] === 'CLUSTER' ? [[SLOTS / 2, SLOTS - 1, [text('b'), 2]]] : text('value'),
  );
  await assert.rejects(link.send(LOW, [GET_LOW]), /no server of the cluster holds slot/);
  assert.deepEqual(await link.send(HIGH, [['GET', HIGH]]), [text('value')]);
  assert.equal(link.circuit.isOpen, false);
  await link.close();
});

test('when no server is in reach calls fail once, then cost nothing until the back-off is over', async () => {
  const { link, clock, down } = setUp(() => halves('a', 'b'));
  down.add('a:1').add('b:2');
  await assert.rejects(link.send(LOW, [GET_LOW]), /is down/);
  assert.equal(await link.send(LOW, [GET_LOW]), undefined);
  assert.equal(link.circuit.isOpen, true);
  assert.match(String(link.circuit.lastError), /is down/);
  down.clear();
  clock.nowMs += 1_000;
  for (const key of [LOW, HIGH]) assert.notEqual(await link.send(key, [['GET', key]]), undefined);
  assert.equal(link.circuit.isOpen, false);
  await link.close();
});

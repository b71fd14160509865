import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRooms, type Member, type Message } from './rooms.ts';

function member(bufferedAmount = 0) {
  const got: Message[] = [];
  const state = { isDropped: false };
  const self: Member = {
    bufferedAmount,
    send: (message) => got.push(message),
    terminate() {
      state.isDropped = true;
    },
  };
  return { self, got, state };
}

test('a message reaches everyone in its room and nobody else', () => {
  const rooms = createRooms(10);
  const [a, b, elsewhere] = [member(), member(), member()];
  rooms.join('one', a.self);
  rooms.join('one', b.self);
  rooms.join('two', elsewhere.self);
  rooms.broadcast('one', 'hello');
  assert.deepEqual([a.got, b.got, elsewhere.got], [['hello'], ['hello'], []]);
});

test('a member that does not keep up is dropped, the others are served', () => {
  const rooms = createRooms(10);
  const [slow, quick] = [member(11), member(10)];
  rooms.join('one', slow.self);
  rooms.join('one', quick.self);
  rooms.broadcast('one', 'hello');
  assert.deepEqual([slow.state.isDropped, slow.got], [true, []]);
  assert.deepEqual([quick.state.isDropped, quick.got], [false, ['hello']]);
});

test('a room is gone with its last member', () => {
  const rooms = createRooms(10);
  const [a, b] = [member(), member()];
  rooms.join('one', a.self);
  rooms.join('one', b.self);
  rooms.leave('one', a.self);
  rooms.leave('one', a.self);
  assert.equal(rooms.count, 1);
  rooms.leave('one', b.self);
  assert.equal(rooms.count, 0);
  rooms.broadcast('one', 'hello');
});

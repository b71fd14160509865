import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestParser } from '@headgate/http1';
import { ParserPool } from './parser-pool.ts';

function createPool() {
  let created = 0;
  const pool = new ParserPool(() => {
    const parser = { number: ++created, forgotten: 0, forget: () => parser.forgotten++ };
    return parser;
  });
  return { pool, count: () => created };
}

test('a parser that was given back is lent again, the last one first', () => {
  const { pool, count } = createPool();
  const [first, second] = [pool.take(), pool.take()];
  assert.notEqual(first, second);
  pool.giveBack(first);
  pool.giveBack(second);
  assert.equal(pool.take(), second);
  assert.equal(pool.take(), first);
  assert.equal(count(), 2);
  assert.equal(pool.take().number, 3);
});

test('a parser forgets what it has read before anybody else gets it', () => {
  const { pool } = createPool();
  const parser = pool.take();
  pool.giveBack(parser);
  assert.equal(parser.forgotten, 1);
});

test('a crowd of parsers is not kept', () => {
  const { pool, count } = createPool();
  const crowd = Array.from({ length: 10_000 }, () => pool.take());
  for (const parser of crowd) pool.giveBack(parser);
  const again = Array.from({ length: 10_000 }, () => pool.take());
  assert.equal(new Set(again).size, again.length, 'none is lent twice');
  assert.ok(count() > 11_000, `${count()} were made`);
});

test('a parser reads the next message as if it were its first', () => {
  const pool = new ParserPool(() => new RequestParser());
  const targets: string[] = [];
  for (const target of ['/first', '/second']) {
    const parser = pool.take();
    const bytes = Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    parser.execute(bytes, 0, bytes.length, {
      head: (head) => targets.push(head.target),
      body: () => assert.fail('there is no body'),
      end() {},
      refuse: ({ message }) => assert.fail(message),
    });
    assert.equal(parser.isIdle, true);
    pool.giveBack(parser);
  }
  assert.deepEqual(targets, ['/first', '/second']);
});

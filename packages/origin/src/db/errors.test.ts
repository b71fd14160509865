import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemResponse } from '../problem.ts';
import { DatabaseError } from './errors.ts';
import { fromServerError, isServerError } from './server-errors.ts';

/** An error as the driver gives one of the server. */
function serverError(code: string, message: string, terms: object = {}) {
  const error = Object.assign(new Error(message), { severity: 'ERROR', code, ...terms });
  assert.ok(isServerError(error));
  return error;
}

test('an answer tells neither statement, value nor table', async () => {
  const error = fromServerError(
    serverError('23505', 'duplicate key value violates unique constraint "person_mail_key"', {
      detail: 'Key (mail)=(ada@example.com) already exists.',
      table: 'person',
      constraint: 'person_mail_key',
    }),
    'INSERT INTO person (mail) VALUES ($1)',
  );
  const text = await problemResponse(error, 'r1').text();
  assert.doesNotMatch(text, /person|mail|ada|INSERT|23505/);
  assert.match(text, /"kind":"constraint"/);
  assert.deepEqual(error.violation, {
    type: 'unique',
    table: 'person',
    constraint: 'person_mail_key',
    columns: ['mail'],
  });
  assert.match(String(error.cause), /person_mail_key/);
});

test('a key of several columns is taken apart', () => {
  const detail = 'Key (tenant, "Name")=(1, a) already exists.';
  assert.deepEqual(fromServerError(serverError('23505', '', { detail })).violation?.columns, [
    'tenant',
    'Name',
  ]);
});

test('kinds follow the codes of the server', () => {
  const kinds: Readonly<Record<string, string>> = {
    '08006': 'unreachable',
    '08P01': 'syntax',
    '23514': 'constraint',
    '25006': 'read-only',
    '26000': 'other',
    '28P01': 'unreachable',
    '40001': 'serialization',
    '40P01': 'serialization',
    '42601': 'syntax',
    '53300': 'unreachable',
    '55P03': 'serialization',
    '57P01': 'broken',
    '57P03': 'unreachable',
    XX000: 'other',
  };
  for (const [code, kind] of Object.entries(kinds)) {
    assert.equal(fromServerError(serverError(code, '')).kind, kind, code);
  }
  const cancelled = 'canceling statement due to user request';
  assert.equal(fromServerError(serverError('57014', cancelled)).kind, 'cancelled');
  const timedOut = 'canceling statement due to statement timeout';
  assert.equal(fromServerError(serverError('57014', timedOut)).kind, 'timeout');
});

test('what is worth another attempt at 503 says when', () => {
  const error = new DatabaseError({ kind: 'pool-timeout', detail: 'full' });
  assert.deepEqual(error.headers, { 'retry-after': '1' });
  assert.deepEqual(new DatabaseError({ kind: 'commit-unknown', detail: 'lost' }).headers, {});
});

test('errors that are no server’s are not mistaken for one', () => {
  assert.equal(isServerError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })), false);
  assert.equal(isServerError('40001'), false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardRequest } from './guard.ts';

const fine = {
  method: 'GET',
  path: '/',
  httpVersion: '1.1',
  host: 'example.com:8080',
  headers: ['Host', 'example.com:8080', 'Accept', '*/*'],
};

test('an ordinary request is let through', () => {
  assert.equal(guardRequest(fine, 100), undefined);
});

test('as many fields as the limit are let through, one more is 431', () => {
  assert.equal(guardRequest(fine, 2), undefined);
  const refusal = guardRequest(fine, 1);
  assert.equal(refusal?.kind, 'head-too-large');
  assert.equal(refusal?.detail, 'the request has 2 header fields, the limit is 1');
});

test('HTTP/1.1 has exactly one Host, HTTP/1.0 may have none', () => {
  const without = { ...fine, headers: ['Accept', '*/*'] };
  assert.equal(guardRequest(without, 100)?.detail, 'the request has no Host field');
  assert.equal(guardRequest({ ...without, httpVersion: '1.0' }, 100), undefined);
  const twice = { ...fine, headers: ['Host', 'a', 'host', 'a'] };
  assert.equal(guardRequest(twice, 100)?.detail, 'the request has more than one Host field');
});

test('what could not be a host is refused', () => {
  for (const host of ['a b', 'a,b', 'a/b', 'a?b', 'a#b', 'u@h', 'a\\b', 'a\tb']) {
    assert.equal(guardRequest({ ...fine, host }, 100)?.kind, 'bad-request', host);
  }
});

test('CONNECT and TRACE are not served', () => {
  for (const method of ['CONNECT', 'TRACE']) {
    assert.equal(guardRequest({ ...fine, method }, 100)?.kind, 'method-refused');
  }
});

test('chunked is the only transfer coding', () => {
  const coded = (coding: string) => ({
    ...fine,
    headers: [...fine.headers, 'Transfer-Encoding', coding],
  });
  assert.equal(guardRequest(coded('Chunked'), 100), undefined);
  for (const coding of ['gzip, chunked', 'identity', 'chunked, chunked']) {
    assert.equal(guardRequest(coded(coding), 100)?.kind, 'bad-request', coding);
  }
});

test('OPTIONS about the server itself is not served', () => {
  const asked = { ...fine, method: 'OPTIONS', path: '*' };
  assert.equal(guardRequest(asked, 100)?.kind, 'method-refused');
});

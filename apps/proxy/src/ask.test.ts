import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUpstream, hash32 } from '@headgate/balancer';
import { askFor, isRepeatableRequest, stickyLine, tokenOf } from './ask.ts';
import { fieldsOf } from './fields.test-support.ts';
import type { RequestRecord } from './request.ts';
import type { ServiceRuntime } from './snapshot.ts';

const A = 'http://127.0.0.1:1';
const B = 'http://127.0.0.1:2';

function recordOf(...lines: string[]): RequestRecord {
  return {
    method: 'GET',
    host: 'Shop.Example',
    path: '/items/5',
    query: '?user=ann%20lee&empty=',
    client: { address: '192.0.2.7' },
    fields: fieldsOf(...lines),
  } as unknown as RequestRecord;
}

function serviceOf(policy: string, hashKey = 'client'): ServiceRuntime {
  return {
    config: { policy, hashKey, stickyCookie: 'at' },
    upstreamOfToken: new Map([A, B].map((key) => [tokenOf(key), key])),
  } as unknown as ServiceRuntime;
}

function ask(service: ServiceRuntime, ...lines: string[]) {
  return askFor(recordOf(...lines), service, [], true, 5);
}

describe('what a request asks of its policy', () => {
  it('is when, where not again, and whether it may be risked', () => {
    const tried = [createUpstream({ key: A })];
    assert.deepEqual(askFor(recordOf(), serviceOf('random'), tried, false, 5), {
      nowMs: 5,
      tried,
      isRepeatable: false,
      hash: undefined,
      stickTo: undefined,
    });
  });

  for (const [hashKey, key] of [
    ['client', '192.0.2.7'],
    ['host', 'shop.example'],
    ['path', '/items/5'],
    ['header:X-Tenant', 'acme'],
    ['cookie:user', 'ann'],
    ['query:user', 'ann lee'],
    ['query:empty', ''],
  ] as const) {
    it(`is hashed by ${hashKey}`, () => {
      const asked = ask(
        serviceOf('hash', hashKey),
        'x-tenant: acme',
        'Cookie: a=b; user=ann; at=x',
      );
      assert.equal(asked.hash, hash32(key));
      assert.equal(asked.stickTo, undefined);
    });
  }

  for (const hashKey of ['header:X-Other', 'cookie:use', 'cookie:User', 'query:name']) {
    it(`is hashed by nothing where there is no ${hashKey}`, () => {
      assert.equal(ask(serviceOf('hash', hashKey), 'Cookie: user=ann').hash, undefined);
    });
  }

  it('is the upstream its cookie stands for', () => {
    const asked = ask(serviceOf('sticky'), `Cookie: x=1; at=${tokenOf(B)}`);
    assert.equal(asked.stickTo, B);
    assert.equal(asked.hash, undefined);
  });

  it('finds the cookie among several fields, as some clients send them', () => {
    const asked = ask(serviceOf('sticky'), 'Cookie: x=1', `cookie: at=${tokenOf(A)}`);
    assert.equal(asked.stickTo, A);
  });

  for (const cookie of [
    `at=${A}`,
    'at=',
    'at',
    `t=${tokenOf(A)}`,
    `at=${tokenOf('http://gone')}`,
  ]) {
    it(`is no upstream for the cookie ${cookie}`, () => {
      assert.equal(ask(serviceOf('sticky'), `Cookie: ${cookie}`).stickTo, undefined);
    });
  }
});

describe('the cookie of a sticky service', () => {
  const upstream = createUpstream({ key: A });

  it('is set for a client that has none, or that of another upstream', () => {
    const expected = `set-cookie: at=${tokenOf(A)}; Path=/; HttpOnly; SameSite=Lax\r\n`;
    assert.equal(stickyLine(recordOf(), serviceOf('sticky'), upstream), expected);
    const elsewhere = recordOf(`Cookie: at=${tokenOf(B)}`);
    assert.equal(stickyLine(elsewhere, serviceOf('sticky'), upstream), expected);
  });

  it('is not set again, nor where clients do not stick', () => {
    const here = recordOf(`Cookie: at=${tokenOf(A)}`);
    assert.equal(stickyLine(here, serviceOf('sticky'), upstream), undefined);
    assert.equal(stickyLine(recordOf(), serviceOf('hash'), upstream), undefined);
  });

  it('does not give the address of the upstream away', () => {
    assert.match(tokenOf(A), /^[0-9a-f]{16}$/);
    assert.notEqual(tokenOf(A), tokenOf(B));
  });
});

describe('a request', () => {
  it('is repeatable without a body, by a method that may happen twice', () => {
    const post = { ...recordOf(), method: 'POST' };
    assert.equal(isRepeatableRequest(recordOf(), false), true);
    assert.equal(isRepeatableRequest(recordOf(), true), false);
    assert.equal(isRepeatableRequest(post, false), false);
  });
});

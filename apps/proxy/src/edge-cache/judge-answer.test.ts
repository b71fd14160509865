import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldsOf } from '../fields.test-support.ts';
import { freshenLines } from './freshen.ts';
import { httpDate } from './http-date.ts';
import { type JudgedRequest, type Judgement, judgeAnswer, type Terms } from './judge-answer.ts';
import { policy } from './policy.test-support.ts';
import { fieldsOf as storedFields } from './text-fields.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const AT = { epochMs: NOW_MS, delayMs: 0 };
const ASKED: JudgedRequest = { method: 'GET', hasAuthorization: false, noStore: false };
const at = (seconds: number) => httpDate(NOW_MS + seconds * 1_000);

interface Setting {
  readonly asked?: Partial<JudgedRequest>;
  readonly status?: number;
  readonly policy?: Parameters<typeof policy>[0];
}

function judge(lines: readonly string[], setting: Setting = {}): Judgement {
  return judgeAnswer(
    { ...ASKED, ...setting.asked },
    { status: setting.status ?? 200, fields: fieldsOf(...lines) },
    policy(setting.policy),
    AT,
  );
}

function terms(lines: readonly string[], setting: Setting = {}): Terms {
  const judgement = judge(lines, setting);
  if (judgement.kind !== 'keep') assert.fail(`not kept: ${judgement.why}`);
  return judgement.terms;
}

function reason(lines: readonly string[], setting: Setting = {}): string {
  const judgement = judge(lines, setting);
  return judgement.kind === 'pass' ? judgement.why : 'kept';
}

const lifetimes: readonly (readonly [readonly string[], number])[] = [
  [['Cache-Control: max-age=60'], 60],
  [['Cache-Control: max-age=60, s-maxage=30'], 30],
  [['Cache-Control: max-age=1', 'Cache-Control: s-maxage=3600'], 3_600],
  [['Cache-Control: max-age=60', `Expires: ${at(-9)}`], 60],
  [['Cache-Control: max-age=60', 'Expires: 0'], 60],
  [[`Expires: ${at(60)}`, `Date: ${at(0)}`], 60],
  [[`Expires: ${at(60)}`, `Date: ${at(20)}`], 40],
  [[`Expires: ${at(60)}`], 60],
  [[`Expires: ${at(60)}`, 'Date: foo'], 60],
  [[`Expires: ${at(60)}`, `Expires: ${at(30)}`], 30],
  [['CDN-Cache-Control: max-age=60', 'Cache-Control: no-store'], 60],
  [['CDN-Cache-Control: max-age=60', 'Cache-Control: max-age=1', `Expires: ${at(-9)}`], 60],
  [['CDN-Cache-Control: max-age="60"', 'Cache-Control: max-age=1'], 1],
  [['CDN-Cache-Control: &', 'Cache-Control: max-age=1'], 1],
];

describe('the lifetime of an answer', () => {
  for (const [lines, seconds] of lifetimes) {
    it(`with ${lines.join(' and ')} is ${seconds} s`, () => {
      assert.equal(terms(lines).lifetimeMs, seconds * 1_000);
    });
  }

  it('is over with an Expires that is past, or no date', () => {
    for (const expires of ['0', '-1', at(0), at(-9), 'Thu, 18 Aug 50 02:01:18 GMT']) {
      assert.equal(reason([`Expires: ${expires}`, `Date: ${at(0)}`]), 'stale', expires);
      assert.equal(terms([`Expires: ${expires}`, 'ETag: "a"']).lifetimeMs, 0, expires);
    }
  });

  it('is guessed only where the policy has it', () => {
    const lines = [`Last-Modified: ${at(-100)}`, `Date: ${at(0)}`];
    const heuristic = { fraction: 0.1, maxMs: 5_000 };
    assert.equal(reason(lines), 'no-freshness');
    assert.equal(terms(lines, { policy: { heuristic } }).lifetimeMs, 5_000);
    assert.equal(
      terms(lines, { policy: { heuristic: { fraction: 0.1, maxMs: 60_000 } } }).lifetimeMs,
      10_000,
    );
    assert.equal(reason(['ETag: "a"'], { policy: { heuristic } }), 'no-freshness');
    assert.equal(reason([`Last-Modified: ${at(5)}`], { policy: { heuristic } }), 'no-freshness');
    assert.equal(reason(['Last-Modified: never'], { policy: { heuristic } }), 'no-freshness');
  });

  it('is guessed only for statuses that allow it, or for what is public', () => {
    const setting = { policy: { heuristic: { fraction: 0.1, maxMs: 5_000 } } };
    const lines = [`Last-Modified: ${at(-100)}`];
    for (const status of [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]) {
      assert.equal(reason(lines, { ...setting, status }), 'kept', String(status));
    }
    for (const status of [201, 202, 302, 403, 502, 503, 504, 599]) {
      assert.equal(reason(lines, { ...setting, status }), 'status', String(status));
      assert.equal(reason([...lines, 'Cache-Control: public'], { ...setting, status }), 'kept');
    }
  });
});

const ages: readonly (readonly [readonly string[], number])[] = [
  [[], 0],
  [['Age: 30'], 30],
  [['Age: 30, 0'], 30],
  [['Age: 0, 30'], 0],
  [['Age: 30', 'Age: 0'], 30],
  [['Age: abc'], 0],
  [['Age: -30'], 0],
  [['Age: 30.0'], 0],
  [['Age: 2147483649'], 2 ** 31],
  [[`Date: ${at(-20)}`], 20],
  [[`Date: ${at(-20)}`, 'Age: 30'], 30],
  [[`Date: ${at(-20)}`, 'Age: 10'], 20],
  [[`Date: ${at(20)}`], 0],
];

describe('the age of an answer', () => {
  for (const [lines, seconds] of ages) {
    it(`with ${lines.join(' and ') || 'nothing said'} is ${seconds} s`, () => {
      const aged = terms([...lines, 'Cache-Control: max-age=1', 'ETag: "a"']);
      assert.equal(aged.ageMs, seconds * 1_000);
    });
  }

  it('has the time it took to come', () => {
    const fields = fieldsOf('Cache-Control: max-age=60', 'Age: 5');
    const judgement = judgeAnswer(ASKED, { status: 200, fields }, policy(), {
      epochMs: NOW_MS,
      delayMs: 1_500,
    });
    assert.equal(judgement.kind === 'keep' && judgement.terms.ageMs, 6_500);
  });
});

const FRESH = 'Cache-Control: max-age=60';

describe('an answer is not kept', () => {
  const cases: readonly (readonly [string, readonly string[], Setting?])[] = [
    ['no-store', ['Cache-Control: max-age=60, no-store']],
    ['no-store', ['CDN-Cache-Control: no-store', FRESH]],
    ['private', ['Cache-Control: max-age=60, private']],
    ['private', ['CDN-Cache-Control: private', FRESH]],
    ['private', ['Cache-Control: max-age=60, private="vary"', 'Vary: a']],
    ['no-cache', ['Cache-Control: max-age=60, no-cache="content-encoding"']],
    ['request-no-store', [FRESH], { asked: { noStore: true } }],
    ['method', [FRESH], { asked: { method: 'POST' } }],
    ['method', [FRESH], { asked: { method: 'HEAD' } }],
    ['authorization', [FRESH], { asked: { hasAuthorization: true } }],
    ['status', [FRESH], { status: 206 }],
    ['status', [FRESH], { status: 304 }],
    ['status', [FRESH], { status: 401 }],
    ['status', [FRESH], { status: 429 }],
    ['status', ['Cache-Control: max-age=60, no-store, must-understand'], { status: 599 }],
    ['status', ['Cache-Control: no-cache', 'ETag: "a"'], { status: 500 }],
    ['vary', [FRESH, 'Vary: *']],
    ['vary', [FRESH, 'Vary: , *']],
    ['vary', [FRESH, 'Vary: Foo', 'Vary: *']],
    ['vary', [FRESH, 'Vary: a b']],
    ['vary', [FRESH, 'Vary: X-Forwarded-For']],
    ['set-cookie', [FRESH, 'Set-Cookie: a=b']],
    ['set-cookie', ['Cache-Control: public, max-age=60', 'Set-Cookie: a=b']],
    ['set-cookie', [FRESH, 'Set-Cookie: a=b'], { policy: { keepsSetCookie: true } }],
    ['no-freshness', []],
    ['no-freshness', ['ETag: "a"', `Last-Modified: ${at(-9)}`]],
    ['stale', ['Cache-Control: max-age=0']],
    ['stale', [FRESH, 'Age: 60']],
    ['stale', ['Cache-Control: no-cache, max-age=60']],
    ['stale', ['Cache-Control: public']],
    ['stale', ['Cache-Control: s-maxage=0']],
    ['stale', ['Cache-Control: max-age=0, must-revalidate, stale-while-revalidate=60']],
  ];
  for (const [why, lines, setting] of cases) {
    it(`for ${why}: ${lines.join(' and ')} ${setting ? JSON.stringify(setting) : ''}`, () => {
      assert.equal(reason(lines, setting), why);
    });
  }
});

describe('an answer is kept', () => {
  const cases: readonly (readonly [string, readonly string[], Setting?])[] = [
    ['that must be validated each time', ['Cache-Control: no-cache', 'ETag: "a"']],
    ['that is stale and has a validator', ['Cache-Control: max-age=0', `Last-Modified: ${at(-9)}`]],
    ['that is stale and may be used so', ['Cache-Control: max-age=0, stale-if-error=5']],
    [
      'of a status it knows, though others may not',
      ['Cache-Control: max-age=60, no-store, must-understand'],
    ],
    ['of a status it does not know', [FRESH], { status: 599 }],
    ['that is an error with a lifetime', [FRESH], { status: 503 }],
    [
      'for who is authorised, when public',
      ['Cache-Control: max-age=60, public'],
      { asked: { hasAuthorization: true } },
    ],
    [
      'for who is authorised, by s-maxage',
      ['Cache-Control: s-maxage=60'],
      { asked: { hasAuthorization: true } },
    ],
    [
      'for who is authorised, by must-revalidate',
      ['Cache-Control: max-age=60, must-revalidate'],
      { asked: { hasAuthorization: true } },
    ],
    ['with Pragma, which means nothing in answers', [FRESH, 'Pragma: no-cache']],
    [
      'with a cookie for all',
      ['Cache-Control: public, max-age=60', 'Set-Cookie: a=b'],
      { policy: { keepsSetCookie: true } },
    ],
    [
      'with a cookie that is not',
      ['Cache-Control: max-age=60, private="set-cookie"', 'Set-Cookie: a=b'],
    ],
  ];
  for (const [what, lines, setting] of cases) {
    it(what, () => assert.equal(reason(lines, setting), 'kept'));
  }
});

describe('the terms of an answer', () => {
  it('say how long it may be used when stale', () => {
    const stale = { staleWhileRevalidateMs: 5_000, staleIfErrorMs: 6_000 };
    const byPolicy = terms([FRESH], { policy: stale });
    assert.equal(byPolicy.staleWhileRevalidateMs, 5_000);
    assert.equal(byPolicy.staleIfErrorMs, 6_000);
    const said = 'Cache-Control: max-age=60, stale-while-revalidate=1, stale-if-error=0';
    const byOrigin = terms([said], { policy: stale });
    assert.equal(byOrigin.staleWhileRevalidateMs, 1_000);
    assert.equal(byOrigin.staleIfErrorMs, 0);
    const never = terms(['Cache-Control: max-age=0', 'ETag: "a"'], { policy: stale });
    assert.equal(never.staleWhileRevalidateMs, 0);
    assert.equal(never.staleIfErrorMs, 6_000);
  });

  it('forbid to use it when stale where the origin does', () => {
    assert.equal(terms([FRESH]).mayServeStale, true);
    for (const said of [
      'max-age=60, must-revalidate',
      'max-age=60, proxy-revalidate',
      's-maxage=60',
      'no-cache',
    ]) {
      assert.equal(terms([`Cache-Control: ${said}`, 'ETag: "a"']).mayServeStale, false, said);
    }
  });

  it('have its validation, its tags, its variants and its time', () => {
    const lastModified = at(-100);
    const kept = terms([
      'Cache-Control: max-age=60, no-cache',
      'ETag: W/"a"',
      `Last-Modified: ${lastModified}`,
      `Date: ${at(-1)}`,
      'Surrogate-Key: x y',
      'Vary: B, Host, a',
      'Vary: b',
    ]);
    assert.equal(kept.alwaysRevalidate, true);
    assert.equal(kept.etag, 'W/"a"');
    assert.equal(kept.lastModified, lastModified);
    assert.equal(kept.dateMs, NOW_MS - 1_000);
    assert.deepEqual(kept.tags, ['x', 'y']);
    assert.deepEqual(kept.vary, ['a', 'b']);
  });

  it('have the fields that are for all, and no others', () => {
    const kept = [`Date: ${at(0)}`, 'A: 1', 'Cache-Status: other; hit', 'Surrogate-Key: x'];
    const cacheControl = 'Cache-Control: max-age=60, private="x-user", no-cache="Set-Cookie, b"';
    const dropped = [
      'X-User: 1',
      'Set-Cookie: a=b',
      'B: 1',
      'Age: 3',
      'Headgate-Load: 1',
      'X-Request-Id: 1',
      'Connection: C',
      'C: 1',
      'Keep-Alive: 1',
      'Proxy-Authenticate: 1',
      'Proxy-Authentication-Info: 1',
      'Content-Length: 5',
    ];
    const { lines } = terms([...dropped, cacheControl, ...kept]);
    assert.deepEqual(lines.split('\r\n').slice(0, -1), [cacheControl, ...kept]);
  });

  it('have what is for caches like this one: there may be more on the way', () => {
    const { lines } = terms(['CDN-Cache-Control: max-age=60']);
    assert.match(lines, /^CDN-Cache-Control: max-age=60\r\n/);
  });

  it('have a date where the origin gives none', () => {
    assert.equal(terms([FRESH]).lines, `${FRESH}\r\ndate: ${at(0)}\r\n`);
    assert.equal(terms([FRESH]).dateMs, NOW_MS);
  });

  it('are renewed by a confirmation', () => {
    const before = terms(['Cache-Control: max-age=1', `Date: ${at(-500)}`, 'ETag: "a"', 'A: 1']);
    const update = fieldsOf('Cache-Control: max-age=60', 'Age: 2', 'A: 2');
    const fields = storedFields(freshenLines(before.lines, update));
    const judgement = judgeAnswer(ASKED, { status: 200, fields }, policy(), AT);
    assert.equal(judgement.kind, 'keep');
    if (judgement.kind !== 'keep') return;
    const { terms: after } = judgement;
    assert.equal(after.lifetimeMs, 60_000);
    assert.equal(after.ageMs, 2_000);
    assert.equal(after.etag, '"a"');
    assert.equal(
      after.lines,
      `ETag: "a"\r\nCache-Control: max-age=60\r\nA: 2\r\ndate: ${at(0)}\r\n`,
    );
  });

  it('are found for any fields at all', () => {
    const name = fc.constantFrom(
      'Cache-Control',
      'CDN-Cache-Control',
      'Expires',
      'Date',
      'Age',
      'Vary',
      'ETag',
      'Last-Modified',
      'Cache-Tag',
    );
    const value = fc.oneof(
      fc.string({
        unit: fc
          .integer({ min: 0x20, max: 0xff })
          .filter((code) => code !== 0x7f)
          .map((code) => String.fromCharCode(code)),
      }),
      fc.constantFrom(
        'max-age=9',
        'max-age=9, private="',
        'no-cache="a',
        at(9),
        '5',
        '"a"',
        'a, b',
      ),
    );
    const lines = fc.array(fc.tuple(name, value).map(([field, said]) => `${field}: ${said}`));
    fc.assert(
      fc.property(lines, (said) => {
        const judgement = judge(said);
        if (judgement.kind === 'pass') {
          assert.match(judgement.why, /^[a-z-]+$/);
        } else {
          const { lifetimeMs, ageMs } = judgement.terms;
          assert.ok(Number.isFinite(lifetimeMs) && lifetimeMs >= 0);
          assert.ok(Number.isFinite(ageMs) && ageMs >= 0);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { constant, trace } from './profile.ts';
import { checkScenario } from './scenario-check.ts';

const good = {
  target: 'http://127.0.0.1:8080',
  arrivals: constant(10),
  flows: { home: { request: { path: '/' } } },
};

function withFlow(flow: unknown): unknown {
  return { ...good, flows: { home: flow } };
}

function withRequest(request: unknown): unknown {
  return withFlow({ request });
}

describe('a scenario that can be run', () => {
  const { arrivals: _, ...closed } = good;
  const cases: [name: string, scenario: unknown][] = [
    ['is short', good],
    ['has users', { ...closed, users: 5 }],
    ['has users by profile, who think', { ...closed, users: constant(5), thinkTime: ['0s', '2s'] }],
    ['replays a trace', { ...good, arrivals: trace({ file: 'access.log' }) }],
    [
      'leaves fields undefined',
      { ...good, users: undefined, flows: { a: { run() {}, request: undefined } } },
    ],
    [
      'has everything',
      {
        ...good,
        spacing: 'even',
        duration: '30s',
        timeout: '2s',
        maxInFlight: 100,
        headers: { 'X-A': 'b', accept: '' },
        setup() {},
        teardown() {},
        user: () => 1,
        flows: {
          plain: {
            weight: 0.5,
            request: { path: '/a?b=%20', method: 'POST', headers: { 'x-a': 'ü' }, body: '{}' },
            expect: [200, 404],
            connection: 'new',
            slowBytesPerS: 100,
          },
          made: { request: () => ({ path: '/' }), expect: () => true },
          scripted: { weight: 2, run: async () => {} },
        },
        thresholds: ['p99 < 200ms'],
      },
    ],
  ];
  for (const [name, scenario] of cases) {
    it(name, () => assert.deepEqual(checkScenario(scenario), []));
  }
});

describe('a scenario that cannot be run', () => {
  const cases: [scenario: unknown, problem: string | RegExp][] = [
    [5, 'expected a scenario, got 5'],
    [null, 'expected a scenario, got nothing'],
    [{ ...good, target: undefined }, 'target is missing'],
    [{ ...good, target: '127.0.0.1:8080' }, /^target: expected a URL .*, got "127\.0\.0\.1:8080"$/],
    [{ ...good, target: 'ftp://127.0.0.1' }, /^target: /],
    [{ ...good, users: 5 }, /^arrivals and users: one of them/],
    [{ ...good, arrivals: undefined }, /^arrivals or users is missing/],
    [{ ...good, arrivals: 5 }, /^arrivals: expected what constant\(\), .*, got 5$/],
    [{ ...good, arrivals: undefined, users: 0 }, /^users: .*, got 0$/],
    [{ ...good, arrivals: undefined, users: 1.5 }, /^users: /],
    [{ ...good, arrivals: undefined, users: trace({ file: 'x' }) }, /^users: .* no trace/],
    [{ ...good, arivals: 5 }, 'arivals is unknown; did you mean arrivals?'],
    [{ ...good, zebra: 5 }, /^zebra is unknown; known here: target, arrivals, /],
    [{ ...good, toString: 5 }, /^toString is unknown/],
    [{ ...good, spacing: 'odd' }, 'spacing: expected "poisson" or "even", got "odd"'],
    [{ ...good, duration: '30' }, /^duration: expected a duration such as .*, got "30"$/],
    [{ ...good, duration: '1000h' }, /^duration: /],
    [{ ...good, timeout: '0s' }, /^timeout: /],
    [{ ...good, timeout: 5 }, /^timeout: /],
    [{ ...good, thinkTime: ['2s', '1s'] }, /^thinkTime: .*, got \["2s", "1s"\]$/],
    [{ ...good, thinkTime: ['2s'] }, /^thinkTime: /],
    [{ ...good, maxInFlight: 0 }, /^maxInFlight: /],
    [{ ...good, setup: {} }, 'setup: expected a function, got an object'],
    [{ ...good, thresholds: 'p99 < 1s' }, /^thresholds: expected a list of texts/],
    [{ ...good, headers: { 'x y': 'a' } }, 'headers["x y"]: not the name of a header field'],
    [{ ...good, headers: { a: 'b\r\nc: d' } }, /^headers\["a"\]: .* line breaks/],
    [{ ...good, headers: { a: '日' } }, /^headers\["a"\]: .* Latin-1/],
    [{ ...good, headers: { a: 5 } }, 'headers["a"]: expected text, got 5'],
    [{ ...good, headers: ['a'] }, /^headers: expected an object/],
    [{ ...good, flows: undefined }, 'flows is missing'],
    [{ ...good, flows: {} }, 'flows: expected one flow or more'],
    [{ ...good, flows: [] }, /^flows: expected an object of flows by name/],
    [{ ...good, flows: { 'a › b': { run() {} } } }, /^flows\.a › b: a name .* no "›"$/],
    [withFlow(5), /^flows\.home: expected a flow, with request or run, got 5$/],
    [withFlow({}), /^flows\.home: request or run is missing/],
    [withFlow({ request: { path: '/' }, run() {} }), 'flows.home: request or run, not both'],
    [withFlow({ rum() {} }), /^flows\.home: request or run is missing/],
    [withFlow({ rum() {} }), 'flows.home.rum is unknown; did you mean run?'],
    [withFlow({ run: 5 }), 'flows.home.run: expected a function, got 5'],
    [withFlow({ run() {}, expect: 200 }), /^flows\.home\.expect is unknown/],
    [withFlow({ run() {}, weight: 0 }), /^flows\.home\.weight: expected a number above 0, got 0$/],
    [withFlow({ run() {}, weight: Number.POSITIVE_INFINITY }), /^flows\.home\.weight: /],
    [withRequest('/'), /^flows\.home\.request: expected a request, or a function/],
    [withRequest({}), 'flows.home.request.path is missing'],
    [withRequest({ path: 'items' }), /^flows\.home\.request\.path: .* begins with "\/".*"items"$/],
    [withRequest({ path: '/a b' }), /^flows\.home\.request\.path: /],
    [withRequest({ path: '/ü' }), /^flows\.home\.request\.path: /],
    [withRequest({ path: '/', method: 'G T' }), /^flows\.home\.request\.method: /],
    [withRequest({ path: '/', body: {} }), /^flows\.home\.request\.body: expected text/],
    [withFlow({ request: { path: '/' }, expect: 99 }), /^flows\.home\.expect: /],
    [withFlow({ request: { path: '/' }, expect: [] }), /^flows\.home\.expect: /],
    [withFlow({ request: { path: '/' }, connection: 'old' }), /^flows\.home\.connection: /],
    [withFlow({ request: { path: '/' }, slowBytesPerS: 0 }), /^flows\.home\.slowBytesPerS: /],
    [withFlow({ run() {}, connection: 'new' }), /^flows\.home\.connection is unknown/],
  ];
  for (const [scenario, problem] of cases) {
    it(`says ${problem}`, () => {
      const problems = checkScenario(scenario);
      const matches = (text: string) =>
        typeof problem === 'string' ? text === problem : problem.test(text);
      assert.ok(problems.some(matches), problems.join('\n'));
    });
  }

  it('says everything at once', () => {
    const problems = checkScenario({
      target: 5,
      timeout: '5',
      flows: { a: { request: { path: 'x', boddy: '' } }, b: {} },
    });
    assert.equal(problems.length, 6, problems.join('\n'));
  });

  it('is never more than a list of problems, whatever it is', () => {
    const flow = fc.record({ request: fc.anything(), run: fc.anything() }, { requiredKeys: [] });
    const any = fc.record({
      target: fc.anything(),
      headers: fc.anything(),
      flows: fc.dictionary(fc.string(), flow),
    });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), any), (scenario) => {
        for (const problem of checkScenario(scenario)) assert.equal(typeof problem, 'string');
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failUntilOut, lease, served, serviceOf, three } from './service.test-support.ts';
import { createUpstream, type Upstream } from './upstream.ts';

describe('ejection', () => {
  it('is told with its reason, and noted', () => {
    const upstreams = three();
    const [a] = upstreams;
    const told: string[] = [];
    const service = serviceOf(upstreams, {
      onEvent: ({ key }, { what, reason, atMs }) => told.push(`${atMs} ${key} ${what}: ${reason}`),
    });
    const nowMs = failUntilOut(service, a, 0);
    assert.equal(told.length, 1);
    assert.match(told[0] as string, new RegExp(`^${nowMs} a ejected: \\d+ failures in a row`));
    assert.equal(a.history.length, 1);
    assert.equal(served(service, { nowMs }), 'bc');
  });

  it('sends a request on trial that can be repeated, or any when it is overdue', () => {
    const upstreams = three();
    const [a, b, c] = upstreams;
    const service = serviceOf(upstreams);
    failUntilOut(service, a, 0);
    const due = a.ejection.untilMs + 100;
    assert.equal(served(service, { nowMs: due, isRepeatable: false }), 'bc');
    const trial = lease(service, { nowMs: due });
    assert.equal(trial.upstream, a);
    assert.equal(trial.isTrial, true);
    assert.equal(served(service, { nowMs: due + 100 }), 'bc', 'one trial at a time');

    trial.release('failure', due + 200);
    assert.equal(a.ejection.presence, 'out');
    const overdue = a.ejection.untilMs * 10;
    const later = lease(service, { nowMs: overdue, isRepeatable: false, tried: [b, c] });
    assert.equal(later.upstream, a);
    later.answered(true, overdue + 10);
    assert.equal(a.ejection.presence, 'returning');
  });

  it('sends another request when the one on trial came to nothing', () => {
    const upstreams = three();
    const [a] = upstreams;
    const service = serviceOf(upstreams);
    failUntilOut(service, a, 0);
    const due = a.ejection.untilMs + 100;
    lease(service, { nowMs: due }).release('ignored', due + 10);
    assert.equal(a.ejection.presence, 'out');
    assert.equal(lease(service, { nowMs: due + 100 }).upstream, a);
  });

  it('goes on for one of whose first requests one fails', () => {
    const upstreams = three();
    const [a] = upstreams;
    const service = serviceOf(upstreams);
    failUntilOut(service, a, 0);
    const due = a.ejection.untilMs + 100;
    const trial = lease(service, { nowMs: due });
    trial.answered(true, due + 5);
    assert.equal(a.ejection.presence, 'returning');
    trial.release('failure', due + 6);
    assert.equal(a.ejection.presence, 'out');
  });

  it('takes nobody out when half of the weight is out already', () => {
    const upstreams = ['a', 'b', 'c', 'd'].map((key) => createUpstream({ key }));
    const [a, b, c, d] = upstreams as [Upstream, Upstream, Upstream, Upstream];
    const service = serviceOf(upstreams);
    failUntilOut(service, b, failUntilOut(service, a, 0));
    assert.throws(() => failUntilOut(service, c, 100), /never taken out/);
    assert.equal(service.isPanicking, false);
    assert.equal(c.ejection.presence, 'in');
    assert.equal(d.ejection.presence, 'in');
  });

  it('sends no trial to one switched off since it was due', () => {
    const upstreams = three();
    const [a] = upstreams;
    const service = serviceOf(upstreams);
    failUntilOut(service, a, 0);
    const due = a.ejection.untilMs + 100;
    served(service, { nowMs: due, isRepeatable: false });
    a.isDisabled = true;
    service.refresh(due);
    assert.equal(served(service, { nowMs: due }), 'bc');
  });
});

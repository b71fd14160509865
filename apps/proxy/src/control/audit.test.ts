import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeControl } from '../admin/control.test-support.ts';
import { type Audit, auditedControl, createAudit } from './audit.ts';

/** An audit with a clock that stands still until it is moved. */
function auditAt(startMs: number) {
  const clock = { nowMs: startMs };
  const lines: { message: string; fields: object | undefined }[] = [];
  const log = {
    info: (message: string, fields?: object) => void lines.push({ message, fields }),
  };
  const audit: Audit = createAudit({ log, now: () => clock.nowMs });
  return { audit, clock, lines };
}

describe('the audit', () => {
  it('writes each change to the log, with everything it keeps', () => {
    const { audit, lines } = auditAt(5);
    audit.record({
      actor: 'SIGHUP',
      action: 'reload',
      target: '',
      result: 'refused',
      why: 'a.yaml:1  broken',
    });
    assert.deepEqual(lines, [
      { message: 'SIGHUP: reload: refused: a.yaml:1  broken', fields: audit.entries[0] },
    ]);
    assert.equal(audit.entries[0]?.at, 5);
  });

  it('keeps the last 256', () => {
    const { audit, lines } = auditAt(0);
    for (let i = 0; i < 300; i++) {
      audit.record({ actor: 'watch', action: `${i}`, target: '', result: 'done' });
    }
    assert.equal(audit.entries.length, 256);
    assert.equal(audit.entries[0]?.action, '44');
    assert.equal(audit.entries.at(-1)?.action, '299');
    assert.equal(lines.length, 300);
  });

  it('counts wrong tokens in one entry a minute, and logs ever fewer of them', () => {
    const { audit, clock, lines } = auditAt(1_000);
    audit.record({ actor: 'watch', action: 'reload', target: '', result: 'done' });
    for (let i = 0; i < 250; i++) {
      clock.nowMs += 100;
      audit.wrongToken('admin 10.0.0.9', '/api/reload');
    }
    assert.deepEqual(
      audit.entries.map(({ action }) => action),
      ['reload', 'authorize'],
    );
    assert.equal(audit.entries[1]?.why, '250 wrong tokens within 25 s');
    assert.equal(lines.length, 1 + 3);
    clock.nowMs += 60_000;
    audit.wrongToken('admin 10.0.0.9', '/api/reload');
    assert.equal(audit.entries.length, 3);
    assert.equal(audit.entries[2]?.why, 'wrong token');
  });
});

describe('an audited control', () => {
  it('records every change with who asked and what came of it', async () => {
    const { audit } = auditAt(0);
    const control = auditedControl(fakeControl(), audit);
    const upstream = 'http://127.0.0.1:4001';
    await control.reload('SIGHUP');
    await control.scale(3, 'admin unix');
    await control.operate({ service: 'items', upstream, action: 'weight', weight: 2 }, 'x');
    await control.operate({ service: 'items', upstream, action: 'weight', weight: 2 }, 'x');
    await control.operate({ service: 'itms', upstream, action: 'drain' }, 'x');
    await control.purge({ kind: 'url', url: 'http://a.example/items' }, 'x');
    assert.deepEqual(
      audit.entries.map(({ actor, action, target, result }) => [actor, action, target, result]),
      [
        ['SIGHUP', 'reload', '', 'done'],
        ['admin unix', 'scale', '3 workers', 'unchanged'],
        ['x', 'weight 2', `items ${upstream}`, 'done'],
        ['x', 'weight 2', `items ${upstream}`, 'unchanged'],
        ['x', 'drain', `itms ${upstream}`, 'refused'],
        ['x', 'purge', 'url http://a.example/items', 'done'],
      ],
    );
  });

  it('records what failed inside, and lets the failure through', async () => {
    const { audit } = auditAt(0);
    const restart = () => Promise.reject(new Error('no memory'));
    const control = auditedControl(fakeControl({ restart }), audit);
    await assert.rejects(control.restart('x'), /no memory/);
    assert.equal(audit.entries[0]?.result, 'failed');
    assert.equal(audit.entries[0]?.why, 'no memory');
  });

  it('shows what the control shows', async () => {
    const plain = fakeControl();
    const control = auditedControl(plain, auditAt(0).audit);
    assert.deepEqual(control.status(), plain.status());
    assert.deepEqual(control.workers(), plain.workers());
    assert.deepEqual(await control.services(), await plain.services());
    assert.deepEqual(await control.cache(), await plain.cache());
    assert.equal(await control.metrics(), await plain.metrics());
    assert.equal(control.isReady(), true);
    assert.deepEqual(control.config(), plain.config());
    assert.deepEqual(control.operatorEntries(), []);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIRST, openAdmin, SECOND, TOKEN } from '../admin/control.test-support.ts';
import type { ProxyConfigInput } from '../config.ts';
import { at, captured, command, files } from './ctl.test-support.ts';
import { runDiff } from './run-diff.ts';

/** What the edge under test runs. */
const running: ProxyConfigInput = {
  listeners: [{ address: '127.0.0.1:8080' }],
  services: { items: { upstreams: [{ url: FIRST }, { url: SECOND }] } },
  routes: [{ service: 'items' }],
  admin: { address: '127.0.0.1:9090', token: TOKEN },
};

const load = files({
  'same.yaml': running,
  'new.yaml': { ...running, services: { items: { upstreams: [{ url: FIRST, weight: 2 }] } } },
});

async function diff(argv: readonly string[]) {
  const output = captured({ load });
  const code = await runDiff(command('diff', argv), output.deps);
  return { ...output, code };
}

describe('headgate diff', () => {
  it('is 0 and says nothing when two files mean the same', async () => {
    const { code, printed } = await diff(['-c', 'same.yaml', '--against', 'same.yaml']);
    assert.deepEqual({ code, printed }, { code: 0, printed: [] });
  });

  it('is 1 and says what the new file changes', async () => {
    const { code, printed } = await diff(['-c', 'new.yaml', '--against', 'same.yaml']);
    assert.equal(code, 1);
    assert.deepEqual(printed, [
      `- services.items.upstreams ${SECOND}`,
      `~ services.items.upstreams ${FIRST} weight 1 → 2`,
    ]);
  });

  it('says so to programs as well', async () => {
    const { printed } = await diff(['-c', 'new.yaml', '--against', 'same.yaml', '--json']);
    const [change] = (JSON.parse(`${printed}`) as { changes: object[] }).changes;
    assert.deepEqual(change, { kind: 'removed', path: 'services.items.upstreams', name: SECOND });
  });

  it('compares with what an edge runs, whose token it never learns', async (t) => {
    const { admin } = await openAdmin(t, { token: TOKEN });
    const same = await diff(['-c', 'same.yaml', ...at(admin)]);
    assert.deepEqual({ code: same.code, printed: same.printed }, { code: 0, printed: [] });
    const { code, printed } = await diff(['-c', 'new.yaml', ...at(admin)]);
    assert.equal(code, 1);
    assert.equal(printed.length, 2);
  });

  it('is 2 when there is nothing to compare', async (t) => {
    const broken = await diff(['-c', 'broken.yaml', '--against', 'same.yaml']);
    assert.equal(broken.code, 2);
    assert.match(`${broken.complaints}`, /broken\.yaml.*no such file/);
    assert.equal((await diff(['-c', 'same.yaml', '--against', 'broken.yaml'])).code, 2);
    const { admin } = await openAdmin(t);
    await admin.close();
    const gone = await diff(['-c', 'same.yaml', ...at(admin)]);
    assert.equal(gone.code, 2);
    assert.match(`${gone.complaints}`, /no edge answers/);
  });
});

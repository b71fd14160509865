/** A configuration that is refused, in each way it may come: no worker has any of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMetric } from '../support/admin-client.ts';
import {
  type AuditedChange,
  assertQuietEverywhere,
  configAfter,
  configBefore,
  to,
  type Way,
  ways,
  withOrigins,
} from '../support/config-ways.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { underLosslessLoad } from '../support/lossless-load.ts';
import { awaitWorkers, change, readAdmin } from '../support/operator.ts';
import { configText, type ProxyProcess, startProxy } from '../support/proxy-process.ts';
import { assertRefused } from '../support/raw-client.ts';

for (const way of ways) {
  test(`a broken file is refused by ${way.name}, and the old one serves on`, () =>
    withOrigins(async (origins) => {
      await using proxy = await startProxy(configBefore(origins, way), 'supervised', way.place);
      await underLosslessLoad(proxy.port, async (load) => {
        await awaitWorkers(proxy, 2);
        const after = configAfter(origins, way, await freePort(), proxy.file.sibling('log'));
        await proxy.file.write(JSON.stringify({ ...JSON.parse(configText(after)), routs: [] }));
        await way.ask(proxy);
        await eventually(() => {
          assert.match(proxy.stderr, /reload refused, the old configuration stays:/);
          assert.match(proxy.stderr, /routs.*routes/);
        });
        await assertRefusalIsTold(proxy, way, /routs/);
        // What is refused is refused in whole.
        await assertQuietEverywhere(origins.next, load, { port: proxy.adminPort });
        assert.equal(origins.next.asked, 0);
        assert.equal((await awaitWorkers(proxy, 2)).length, 2);
      });
    }));
}

describe('what cannot be put in force everywhere', () => {
  const way = ways[1] as Way;

  test('a listener on a port that is taken leaves every worker as it was', () =>
    withOrigins(async (origins) => {
      await using proxy = await startProxy(configBefore(origins, way), 'supervised');
      await underLosslessLoad(proxy.port, async (load) => {
        const after = configAfter(origins, way, await freePort(), proxy.file.sibling('log'));
        await proxy.file.write(
          configText({
            ...after,
            listeners: [{ address: '127.0.0.1:0' }, { address: `127.0.0.1:${origins.old.port}` }],
          }),
        );
        const { status, body } = await change(proxy, '/api/reload');
        assert.equal(status, 409);
        assert.match(body.detail ?? '', new RegExp(`${origins.old.port} is in use`));
        await assertRefusalIsTold(proxy, way, /is in use/);
        await assertQuietEverywhere(origins.next, load, { port: proxy.adminPort });
        assert.equal(origins.next.asked, 0);
        assert.equal((await awaitWorkers(proxy, 2)).length, 2);
      });
    }));

  test('an admin address that is taken leaves every worker as it was', () =>
    withOrigins(async (origins) => {
      await using proxy = await startProxy(configBefore(origins, way), 'supervised');
      await underLosslessLoad(proxy.port, async (load) => {
        const log = proxy.file.sibling('log');
        await proxy.file.write(configText(configAfter(origins, way, origins.old.port, log)));
        const { status, body } = await change(proxy, '/api/reload');
        assert.equal(status, 409);
        assert.match(body.detail ?? '', /admin\.address/);
        await assertRefusalIsTold(proxy, way, /admin\.address/);
        await assertQuietEverywhere(origins.next, load, { port: proxy.adminPort });
        assert.equal(origins.next.asked, 0);
      });
    }));

  test('a worker that does not answer leaves every worker as it was, itself included', () =>
    withOrigins(async (origins) => {
      // Nobody is to be replaced while it stands still.
      const supervision = { stuckAfter: '2m' } as const;
      const before = { ...configBefore(origins, way), supervision };
      await using proxy = await startProxy(before, 'supervised');
      const [worker] = await awaitWorkers(proxy, 2);
      const added = await freePort();
      await proxy.file.write(
        configText({
          ...before,
          listeners: [{ address: '127.0.0.1:0' }, { address: `127.0.0.1:${added}` }],
          services: { ...before.services, app: { upstreams: [to(origins.next)] } },
        }),
      );
      process.kill(worker?.pid as number, 'SIGSTOP');
      try {
        const { status } = await change(proxy, '/api/reload');
        assert.equal(status, 409);
      } finally {
        process.kill(worker?.pid as number, 'SIGCONT');
      }
      // It hears of both, the new one and the old one again, as soon as it goes on.
      await underLosslessLoad(proxy.port, async (load) => {
        await assertQuietEverywhere(origins.next, load, { port: proxy.adminPort });
      });
      await eventually(() => assertRefused(added));
    }));
});

/** In the status, the audit and the metrics, and nothing was put in force. */
async function assertRefusalIsTold(proxy: ProxyProcess, way: Way, why: RegExp): Promise<void> {
  await eventually(async () => {
    const { config } = await readAdmin<{
      config: { generation: number; lastRefusal?: { why: string } };
    }>(proxy, '/api/status');
    assert.match(config.lastRefusal?.why ?? '', why);
    assert.equal(config.generation, 1);
    const { entries } = await readAdmin<{ entries: AuditedChange[] }>(proxy, '/api/audit');
    const refused = entries.at(-1);
    assert.equal(refused?.actor, way.actor);
    assert.equal(refused?.action, 'reload');
    assert.equal(refused?.result, 'refused');
    assert.match(refused?.why ?? '', why);
    const reloads = await readMetric(proxy, 'headgate_config_reloads_total');
    assert.deepEqual(
      reloads.map(({ labels }) => labels.result),
      ['refused'],
    );
    assert.ok((reloads[0]?.value ?? 0) >= 1);
  });
}

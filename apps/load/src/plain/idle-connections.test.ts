import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Recording } from '../recording.ts';
import { IdleConnections } from './idle-connections.ts';
import { outcomes, serveRaw, until } from './plain.test-support.ts';
import { SourcePorts } from './source-ports.ts';

function createConnections(t: TestContext, port: number, maxConnecting = 256) {
  const now = () => performance.now();
  const recording = new Recording(now, 10_000);
  const series = recording.series('hold', 'plain');
  const sources = new SourcePorts([], 0, 1);
  const host = '127.0.0.1';
  const options = { host, port, recording, series, now, sources, maxConnecting };
  const idle = new IdleConnections(options);
  t.after(() => idle.close());
  return { idle, recording };
}

describe('idle connections', () => {
  it('are opened and kept, and say nothing', async (t) => {
    const { port, sockets, requests } = await serveRaw(t, () => {});
    const { idle, recording } = createConnections(t, port);
    idle.hold(5);
    await until(() => sockets.length === 5 && recording.take().connections === 5);
    await pause(50);
    assert.equal(idle.count, 5);
    assert.equal(requests.length, 0);
    idle.close();
    await until(() => idle.count === 0 && recording.take().connections === 0);
    assert.equal(sockets.length, 5);
  });

  it('are opened a few at a time', async (t) => {
    const { port, sockets } = await serveRaw(t, () => {});
    const { idle } = createConnections(t, port, 2);
    idle.hold(7);
    assert.equal(idle.count, 2);
    await until(() => sockets.length === 7);
    assert.equal(idle.count, 7);
  });

  it('are counted as failed when they are lost, and opened again after a pause', async (t) => {
    const { port, sockets } = await serveRaw(t, () => {});
    const { idle, recording } = createConnections(t, port);
    idle.hold(3);
    await until(() => sockets.length === 3 && recording.take().connections === 3);
    recording.take();
    sockets[1]?.destroy();
    await until(() => idle.count === 2);
    const taken = recording.take();
    assert.deepEqual(outcomes(taken), { '!reset': 1 });
    assert.equal(taken.started, 1);
    assert.equal(taken.inFlight, 0);
    assert.equal(taken.connections, 2);
    await pause(200);
    assert.equal(sockets.length, 3);
    await until(() => sockets.length === 4);
    assert.equal(idle.count, 3);
  });

  it('are not opened again once they are closed', async (t) => {
    const { port, sockets } = await serveRaw(t, () => {});
    const { idle } = createConnections(t, port);
    idle.hold(2);
    await until(() => sockets.length === 2);
    sockets[0]?.destroy();
    await until(() => idle.count === 1);
    idle.close();
    await pause(1_100);
    assert.equal(idle.count, 0);
    assert.equal(sockets.length, 2);
  });
});

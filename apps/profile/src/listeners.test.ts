import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { holderOf, isListening, listenersOf } from './listeners.ts';

const isLinux = process.platform === 'linux';

for (const host of ['127.0.0.1', '0.0.0.0', '::1']) {
  test(`a listener on ${host} is found, and found gone`, { skip: !isLinux }, async (t) => {
    const server = createServer((socket) => socket.destroy());
    const failure = await new Promise<Error | undefined>((resolve) => {
      server.once('error', resolve).listen(0, host, () => resolve(undefined));
    });
    if (failure) return t.skip(failure.message);
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const found = listenersOf(process.pid)?.find((listener) => listener.port === port);
    assert.equal(found?.host, host === '0.0.0.0' ? '127.0.0.1' : host);
    assert.equal(holderOf(port, [process.ppid, process.pid]), process.pid);
    assert.equal(await isListening({ host: found?.host ?? '', port }), true);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(
      listenersOf(process.pid)?.some((listener) => listener.port === port),
      false,
    );
    assert.equal(await isListening({ host: '127.0.0.1', port }), false);
  });
}

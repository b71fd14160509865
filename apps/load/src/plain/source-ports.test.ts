import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPortTaken, SourcePorts } from './source-ports.ts';

describe('source ports', () => {
  it('are left to the system when there are no addresses', () => {
    assert.equal(new SourcePorts([], 0, 1).next(), undefined);
  });

  it('take the addresses in turn, and then the next port', () => {
    const ports = new SourcePorts(['127.0.0.1', '127.0.0.2'], 0, 1);
    const first = Array.from({ length: 4 }, () => ports.next());
    assert.deepEqual(first, [
      { localAddress: '127.0.0.1', localPort: 10_000 },
      { localAddress: '127.0.0.2', localPort: 10_000 },
      { localAddress: '127.0.0.1', localPort: 10_001 },
      { localAddress: '127.0.0.2', localPort: 10_001 },
    ]);
  });

  it('belong to one worker each, stay in range, and begin anew', () => {
    const seen = new Map<number, number>();
    for (const part of [0, 1, 2]) {
      const ports = new SourcePorts(['127.0.0.1'], part, 3);
      const own = Math.floor(55_000 / 3);
      const all = Array.from({ length: own + 1 }, () => ports.next()?.localPort as number);
      assert.equal(all[own], all[0]);
      for (const port of all.slice(0, own)) {
        assert.ok(port >= 10_000 && port < 65_536);
        assert.ok(!seen.has(port), `${port} of ${part} and ${seen.get(port)}`);
        seen.set(port, part);
      }
    }
  });

  it('tell a taken port from other errors', () => {
    assert.equal(isPortTaken({ code: 'EADDRINUSE' }), true);
    assert.equal(isPortTaken({ code: 'ECONNREFUSED' }), false);
    assert.equal(isPortTaken(undefined), false);
  });
});

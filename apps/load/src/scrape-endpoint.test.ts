import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { Agent } from 'undici';
import { createEndpoint } from './scrape-endpoint.ts';

describe('createEndpoint', () => {
  it('asks once while the answer is on its way, and again after that', async (t) => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked++;
      response.end('load 1\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const agent = new Agent();
    t.after(async () => {
      await agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const endpoint = createEndpoint({
      url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`),
      now: () => 0,
      dispatcher: agent,
      signal: new AbortController().signal,
    });
    await Promise.all([endpoint.scrape(), endpoint.scrape(), endpoint.scrape()]);
    assert.equal(asked, 1);
    await endpoint.scrape();
    assert.equal(asked, 2);
    assert.deepEqual(endpoint.latest(), { load: 1 });
    assert.deepEqual(endpoint.problems(), []);
  });
});

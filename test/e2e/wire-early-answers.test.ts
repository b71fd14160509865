/** Answers that begin or end while the client is still sending its request. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient } from '../support/raw-client.ts';
import {
  answerOk,
  type RecordingOrigin,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo([origin.url]);
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

async function withScript<T>(script: Script, act: () => Promise<T>): Promise<T> {
  origin.script = script;
  try {
    return await act();
  } finally {
    origin.script = answerOk;
  }
}

const uploads = {
  'with a length': ['Content-Length: 8\r\n\r\nhalf', 'half'],
  'in chunks': ['Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', '4\r\nhalf\r\n0\r\n\r\n'],
} as const;

for (const [how, [begin, rest]] of Object.entries(uploads)) {
  test(`an early answer to an upload ${how} arrives, and the rest of the upload is thrown away`, async () => {
    const early: Script = (request) => request.answer('early');
    await withScript(early, async () => {
      await using client = await openClient(proxy.port);
      client.send(`POST / HTTP/1.1\r\nHost: a\r\n${begin}`);
      assert.equal((await client.response()).text, 'early');
      const { connection, socket } = origin.last;
      await eventually(() => assert.ok(socket.destroyed, 'nobody could use it again'));

      client.send(rest + getText('/next'));
      assert.equal((await client.response()).text, 'early');
      assert.equal(origin.last.target, '/next');
      assert.notEqual(origin.last.connection, connection);
    });
  });

  test(`an early answer to an upload ${how} arrives though the upstream closes behind it`, async () => {
    const refuse: Script = (request) => {
      request.answer('enough', 'Connection: close');
      request.socket.end();
    };
    await withScript(refuse, async () => {
      await using client = await openClient(proxy.port);
      client.send(`POST / HTTP/1.1\r\nHost: a\r\n${begin}`);
      assert.equal((await client.response()).text, 'enough');
    });
    assert.equal((await get(proxy.port)).text, 'ok');
  });
}

test('an answer that ends with its connection, early, is whole', async () => {
  const early: Script = ({ socket }) => socket.end('HTTP/1.1 200 OK\r\n\r\nearly');
  await withScript(early, async () => {
    await using client = await openClient(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf');
    assert.equal((await client.response()).text, 'early');
    client.send(`half${getText('/next')}`);
    assert.equal((await client.response()).text, 'early');
    assert.equal(origin.last.target, '/next');
  });
});

test('a client that never sends the rest gets its answer and nothing else', async () => {
  const early: Script = (request) => request.answer('early');
  await withScript(early, async () => {
    const timeouts = { requestBodyIdle: '1s' };
    await using edge = await startProxyTo([origin.url], {}, { timeouts });
    await using client = await openClient(edge.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf');
    assert.equal((await client.response()).text, 'early');
    await client.ended();
    assert.equal(client.unread.length, 0);
  });
});

test('upload and answer may take turns, piece by piece', async () => {
  const begin: Script = ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  };
  await withScript(begin, async () => {
    await using client = await openClient(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
    await client.head();
    const { body, connection, socket } = origin.last;
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
    });
    for (const word of ['alpha', 'gamma', 'omega']) {
      client.send(`5\r\n${word}\r\n`);
      await eventually(() => assert.ok(heard.includes(word)));
      socket.write(`5\r\n${word}\r\n`);
      await client.receives(word);
    }
    client.send('0\r\n\r\n');
    assert.equal((await body).toString(), 'firstalphagammaomega');
    socket.write('0\r\n\r\n');
    assert.equal((await client.response()).text, 'alphagammaomega');

    origin.script = answerOk;
    client.send(getText());
    assert.equal((await client.response()).text, 'ok');
    assert.equal(origin.last.connection, connection, 'both were whole, so it can be used again');
  });
});

/** Interim answers (1xx) of an upstream, on their way to the client before the final one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { valuesOf } from '../support/http-message.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { getText, openClient, type RawResponse } from '../support/raw-client.ts';
import {
  answerOk,
  type RecordingOrigin,
  type Script,
  startOrigin,
} from '../support/recording-origin.ts';
import { sameForEverySplit, sendApart } from '../support/splits.ts';

const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';

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

/** Every answer to one GET, interim ones included. */
async function answersTo(request: string): Promise<RawResponse[]> {
  await using client = await openClient(proxy.port);
  client.send(request);
  const answers: RawResponse[] = [];
  do answers.push(await client.response());
  while ((answers.at(-1) as RawResponse).status < 200);
  return answers;
}

test('103 Early Hints arrive before the final answer exists', async () => {
  const hint: Script = ({ socket }) => socket.write(HINTS);
  await withScript(hint, async () => {
    await using client = await openClient(proxy.port);
    client.send(getText());
    const hints = await client.response();
    assert.equal(hints.status, 103);
    assert.equal(hints.header('link'), '</a.css>; rel=preload');
    origin.last.socket.write(HINTS.replace('a.css', 'b.css'));
    const more = await client.response();
    assert.equal(more.status, 103);
    assert.equal(more.header('link'), '</b.css>; rel=preload');
    origin.last.answer('final');
    assert.equal((await client.response()).text, 'final');
  });
});

test('interim answers arrive in order with their end-to-end fields, and nothing frames them', async () => {
  const script: Script = (request) => {
    request.socket.write(
      'HTTP/1.1 102 Processing\r\n\r\n' +
        'HTTP/1.1 103 Early Hints\r\nLink: </1>\r\nLink: </2>\r\nConnection: X-Private\r\n' +
        'X-Private: 1\r\nKeep-Alive: timeout=5\r\nX-Public: 2\r\n\r\n' +
        'HTTP/1.1 199 Odd\r\n\r\n',
    );
    request.answer('final', 'Link: </3>');
  };
  await withScript(script, async () => {
    const answers = await answersTo(getText());
    assert.deepEqual(
      answers.map(({ status }) => status),
      [102, 103, 199, 200],
    );
    const [, hints, , final] = answers as [RawResponse, RawResponse, RawResponse, RawResponse];
    assert.deepEqual(valuesOf(hints.head, 'link'), ['</1>', '</2>']);
    assert.equal(hints.header('x-public'), '2');
    for (const name of ['x-private', 'keep-alive', 'content-length', 'transfer-encoding']) {
      assert.equal(hints.header(name), undefined, name);
    }
    assert.equal(final.header('link'), '</3>');
    assert.equal(final.text, 'final');
  });
});

test('interim answers cut at any position of the bytes are the same', async () => {
  const final = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal';
  const splits = new Map<string, readonly string[]>();
  const script: Script = ({ socket, target }) => sendApart(socket, splits.get(target) ?? []);
  await withScript(script, async () => {
    const outcome = await sameForEverySplit(
      `${HINTS}HTTP/1.1 102 Wait\r\n\r\n${final}`,
      async (pieces) => {
        const path = `/${splits.size}`;
        splits.set(path, pieces);
        const answers = await answersTo(getText(path));
        return answers.map((a) => `${a.status} ${a.header('link')} ${a.text}`).join('\n');
      },
    );
    assert.equal(outcome, '103 </a.css>; rel=preload \n102 undefined \n200 undefined final');
  });
});

test('an HTTP/1.0 client gets the final answer only', async () => {
  const script: Script = (request) => {
    request.socket.write(HINTS);
    request.answer('final');
  };
  await withScript(script, async () => {
    const answers = await answersTo('GET / HTTP/1.0\r\n\r\n');
    assert.deepEqual(
      answers.map(({ status, text }) => [status, text]),
      [[200, 'final']],
    );
  });
});

test('hints on a reused connection belong to the request that asked for them', async () => {
  const script: Script = (request) => {
    if (request.target === '/hinted') request.socket.write(HINTS);
    request.answer(request.target);
  };
  await withScript(script, async () => {
    for (let i = 0; i < 5; i++) {
      assert.equal((await answersTo(getText('/hinted'))).length, 2);
      assert.equal((await answersTo(getText('/plain'))).length, 1);
    }
  });
});

for (const end of ['closes', 'resets', 'turns to nonsense'] as const) {
  test(`an upstream that ${end} behind its hints leaves a page as the final answer`, async () => {
    const script: Script = ({ socket }) => {
      if (end === 'closes') socket.end(HINTS);
      else if (end === 'resets') socket.write(HINTS, () => socket.resetAndDestroy());
      else socket.write(`${HINTS}nonsense\r\n\r\n`);
    };
    await withScript(script, async () => {
      const final = (await answersTo(getText())).at(-1);
      assert.equal(final?.status, 502);
      assert.equal(final?.header('content-type'), 'application/problem+json');
    });
  });
}

test('101 behind hints, when no upgrade was asked for, is 502', async () => {
  const script: Script = ({ socket }) =>
    socket.write(
      `${HINTS}HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
  await withScript(script, async () => {
    const statuses = (await answersTo(getText())).map(({ status }) => status);
    assert.deepEqual(statuses, [103, 502]);
  });
});

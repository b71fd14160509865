/** How messages are delimited on either side of the edge, whatever pieces they arrive in. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { exchangeOnce, getText, openClient } from '../support/raw-client.ts';
import { type RecordingOrigin, type Script, startOrigin } from '../support/recording-origin.ts';
import { echo, sameForEverySplit, sendApart, withoutIds } from '../support/splits.ts';

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin(echo);
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
    origin.script = echo;
  }
}

for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
  test(`${method} without a body is sent without a word about one`, async () => {
    await exchangeOnce(proxy.port, `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal(origin.last.header('content-length'), undefined);
    assert.equal(origin.last.header('transfer-encoding'), undefined);
  });
}

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
  test(`an empty body of ${method} is sent as one`, async () => {
    const request = `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;
    assert.equal((await exchangeOnce(proxy.port, request)).status, 200);
    assert.equal(origin.last.header('content-length'), '0');
    assert.equal(origin.last.header('transfer-encoding'), undefined);
  });
}

const uploads: Record<string, readonly [request: string, framing: RegExp, body: string]> = {
  'with a length': ['Content-Length: 9\r\n\r\nsome body', /^content-length: 9$/im, 'some body'],
  'in chunks': [
    'Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n5\r\n body\r\n0\r\n\r\n',
    /^transfer-encoding: chunked$/im,
    'some body',
  ],
  'in chunks, with extensions and odd sizes': [
    'Transfer-Encoding: Chunked\r\n\r\n0004;a=b;c="d;e"\r\nsome\r\n00A;x\r\n long body\r\n000;last\r\n\r\n',
    /^transfer-encoding: chunked$/im,
    'some long body',
  ],
  'in chunks, and empty': [
    'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^transfer-encoding: chunked$/im,
    '',
  ],
};

for (const [how, [rest, framing, body]] of Object.entries(uploads)) {
  test(`an upload ${how} is the same in any pieces`, async () => {
    const request = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${rest}`;
    const answer = await sameForEverySplit(request, async (pieces) => {
      await using client = await openClient(proxy.port);
      await sendApart(client.socket, pieces);
      await client.ended();
      return withoutIds(client.unread);
    });
    const [, seen = '', content] = answer.split('\r\n\r\n');
    assert.match(seen.replaceAll('\r', ''), framing);
    assert.equal(seen.match(/^(content-length|transfer-encoding):/gim)?.length, 1);
    assert.equal(content, body);
  });
}

interface AnswerCase {
  readonly bytes: string;
  /** The origin ends its side behind the bytes. */
  readonly isLast?: boolean;
  readonly request?: string;
  readonly framing: string;
  readonly text: string;
  readonly length?: string;
}

const answers: Record<string, AnswerCase> = {
  'an answer with a length': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody',
    framing: 'length',
    text: 'body',
    length: '4',
  },
  'an empty answer': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    framing: 'length',
    text: '',
    length: '0',
  },
  'an answer in chunks with extensions': {
    bytes:
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n02;a="b;c"\r\nbo\r\nA;x\r\ndy and on \r\n0\r\n\r\n',
    framing: 'chunked',
    text: 'body and on ',
  },
  'an answer that ends with its connection': {
    bytes: 'HTTP/1.1 200 OK\r\n\r\nbody',
    isLast: true,
    framing: 'chunked',
    text: 'body',
  },
  'an empty answer that ends with its connection': {
    bytes: 'HTTP/1.1 200 OK\r\nX: 1\r\n\r\n',
    isLast: true,
    framing: 'chunked',
    text: '',
  },
  'an answer for HTTP/1.0 that ends with its connection': {
    bytes: 'HTTP/1.1 200 OK\r\n\r\nbody',
    isLast: true,
    request: 'GET {path} HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
    framing: 'close',
    text: 'body',
  },
  'an answer of an HTTP/1.0 origin': {
    bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody',
    isLast: true,
    framing: 'length',
    text: 'body',
    length: '4',
  },
  'a 204': { bytes: 'HTTP/1.1 204 No Content\r\nETag: "x"\r\n\r\n', framing: 'none', text: '' },
  'a 304 with a length': {
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n',
    framing: 'none',
    text: '',
  },
  'an answer to HEAD with a length': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n',
    request: 'HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n',
    framing: 'none',
    text: '',
    length: '4000',
  },
  'an answer to HEAD in chunks': {
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    request: 'HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n',
    framing: 'none',
    text: '',
  },
  'an answer to HEAD without a framing': {
    bytes: 'HTTP/1.1 200 OK\r\nX: 1\r\n\r\n',
    request: 'HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n',
    framing: 'none',
    text: '',
  },
};

for (const [what, { bytes, isLast, request, framing, text, length }] of Object.entries(answers)) {
  test(`${what} is the same in any pieces, and another can follow`, async () => {
    const splits = new Map<string, readonly string[]>();
    const script: Script = async (received) => {
      const pieces = splits.get(received.target);
      if (!pieces) return received.answer('next');
      await sendApart(received.socket, pieces);
      if (isLast) received.socket.end();
    };
    await withScript(script, async () => {
      await sameForEverySplit(bytes, async (pieces) => {
        const path = `/${splits.size}`;
        splits.set(path, pieces);
        await using client = await openClient(proxy.port);
        client.send(request?.replace('{path}', path) ?? getText(path));
        const response = await client.response(request?.startsWith('HEAD') ? 'HEAD' : undefined);
        assert.equal(response.framing, framing);
        assert.equal(response.text, text);
        if (length !== undefined) assert.equal(response.header('content-length'), length);
        if (framing !== 'close') {
          client.send(getText('/next'));
          assert.equal((await client.response()).text, 'next');
        }
        const fields = response.head.fields.map(([name, value]) => `${name}: ${value}\r\n`);
        return withoutIds(`${response.head.startLine}\r\n${fields.join('')}`);
      });
    });
  });
}

test('a good answer to HEAD keeps the connection of the upstream, one with a body loses it', async () => {
  const script: Script = ({ method, target, socket }) =>
    socket.write(
      `HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n${method === 'GET' || target === '/bad' ? 'body' : ''}`,
    );
  await withScript(script, async () => {
    await exchangeOnce(proxy.port, getText());
    const { connection } = origin.last;
    for (const target of ['/good', '/good', '/bad']) {
      await exchangeOnce(proxy.port, `HEAD ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(origin.last.connection, connection);
    }
    assert.equal((await exchangeOnce(proxy.port, getText())).text, 'body');
    assert.notEqual(origin.last.connection, connection);
  });
});

const sizes = [1, 2, 1_023, 1_024, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 1_000_003];

test('bodies of sizes around those of buffers come back whole, by length and in chunks', async () => {
  const mirror: Script = async (request) => {
    const body = await request.body;
    if (request.target === '/length') request.answer(body.toString('latin1'));
    else {
      const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
      request.socket.write(`${head}${body.length.toString(16)}\r\n`);
      request.socket.write(body);
      request.socket.write('\r\n0\r\n\r\n');
    }
  };
  await withScript(mirror, async () => {
    await using client = await openClient(proxy.port);
    for (const size of sizes) {
      const body = Buffer.from(Array.from({ length: size }, (_, i) => 97 + (i % 26)));
      client.send(`POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
      client.send(body);
      assert.ok((await client.response()).body.equals(body), `${size} bytes`);
      client.send('POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      client.send(`${size.toString(16)}\r\n`);
      client.send(body);
      client.send('\r\n0\r\n\r\n');
      assert.ok((await client.response()).body.equals(body), `${size} bytes in one chunk`);
    }
  });
});

test('ten thousand chunks of one byte arrive whole in both directions', async () => {
  const count = 10_000;
  const chunks = `${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`;
  const script: Script = async ({ body, socket }) => {
    const { length } = await body;
    socket.write(`HTTP/1.1 200 OK\r\nX-Got: ${length}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    socket.write(chunks);
  };
  await withScript(script, async () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    const response = await exchangeOnce(proxy.port, head + chunks);
    assert.equal(response.header('x-got'), String(count));
    assert.equal(response.text, 'x'.repeat(count));
  });
});

import assert from 'node:assert/strict';
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2Server,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetGuard } from '../target-guard.ts';
import { makeCertificate } from './certificate.test-support.ts';
import { connectTo, listen, serveTcp } from './client.test-support.ts';

const certificate = makeCertificate();

/** Lets everything pass, to this machine. */
const here: TargetGuard = {
  check() {},
  lookup: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
};

/** Answers with the version it was asked in, after a moment, so that requests overlap. */
function answering(server: Http2Server): Http2Server {
  return server.on('request', (request, response) => {
    setTimeout(() => response.end(request.httpVersion), 5);
  });
}

describe('TLS', () => {
  it('is spoken to this machine whoever signed its certificate', async (t) => {
    const server = createHttpsServer(certificate, (request, response) => {
      response.end(request.httpVersion);
    });
    const target = await listen(t, server, 'https');
    const { http, recorder } = connectTo(t, target);
    assert.equal((await http().get('/')).text(), '1.1');
    assert.equal(recorder.connectMs.length, 1);
  });

  it('is not spoken to others whose certificate nobody signed', async (t) => {
    const server = createHttpsServer(certificate, (_request, response) => response.end());
    const { port } = await listen(t, server, 'https');
    const target = new URL(`https://site.test:${port}`);
    const { http } = connectTo(t, target, { guard: here });
    await assert.rejects(http().get('/'), { kind: 'protocol', message: /self-signed/ });
  });

  it('fails with what does not speak it', async (t) => {
    const { port } = await serveTcp(t, (socket) => socket.end('220 mail.test ESMTP\r\n'));
    const { http } = connectTo(t, new URL(`https://127.0.0.1:${port}`));
    await assert.rejects(http().get('/'), { name: 'RequestFailure', kind: 'protocol' });
  });

  it('fails in time with what says nothing', async (t) => {
    const { port } = await serveTcp(t, () => {});
    const { http } = connectTo(t, new URL(`https://127.0.0.1:${port}`), { timeoutMs: 30 });
    await assert.rejects(http().get('/'), { kind: 'connect-timeout' });
  });
});

describe('HTTP/2', () => {
  it('is chosen with TLS where both sides speak it', async (t) => {
    const server = answering(createSecureServer({ ...certificate, allowHTTP1: true }));
    const target = await listen(t, server, 'https');
    const two = connectTo(t, target, { http2: true });
    assert.equal((await two.http().get('/')).text(), '2.0');
    const one = connectTo(t, target);
    assert.equal((await one.http().get('/')).text(), '1.1');
  });

  it('gives way to HTTP/1.1 where the server has nothing else', async (t) => {
    const server = createHttpsServer(certificate, (request, response) => {
      response.end(request.httpVersion);
    });
    const { http } = connectTo(t, await listen(t, server, 'https'), { http2: true });
    const answers = await Promise.all([http().get('/'), http().get('/')]);
    assert.deepEqual(
      answers.map((answer) => answer.text()),
      ['1.1', '1.1'],
    );
  });

  it('is spoken without TLS, one connection for many requests', async (t) => {
    const target = await listen(t, answering(createHttp2Server()));
    const { http, recorder } = connectTo(t, target, { http2: true });
    const answers = await Promise.all(Array.from({ length: 20 }, () => http().get('/')));
    assert.ok(answers.every((answer) => answer.text() === '2.0'));
    assert.equal(recorder.connectMs.length, 1);
    for (const one of recorder.outcomes) assert.ok(one.sentMs <= one.firstByteMs);
  });

  it('sends bodies and gets statuses', async (t) => {
    const server = createHttp2Server((request, response) => {
      response.writeHead(201, { 'x-type': request.headers['content-type'] ?? '' });
      request.pipe(response);
    });
    const { http } = connectTo(t, await listen(t, server), { http2: true });
    const answer = await http().post('/', { body: { a: 1 } });
    assert.deepEqual(
      [answer.status, answer.headers['x-type'], answer.text()],
      [201, 'application/json', '{"a":1}'],
    );
  });

  it('loses one request, not the connection, to a stream that is reset', async (t) => {
    const server = createHttp2Server((request, response) => {
      if (request.url === '/reset') request.stream.close(2);
      else response.end();
    });
    const { http, recorder } = connectTo(t, await listen(t, server), { http2: true });
    await http().get('/');
    await assert.rejects(http().get('/reset'), { name: 'RequestFailure', kind: 'reset' });
    await http().get('/');
    assert.equal(recorder.connectMs.length, 1);
  });

  it('times out one request of a connection, and cuts all', async (t) => {
    const server = createHttp2Server((request, response) => {
      if (request.url === '/') response.end();
    });
    const { http, recorder, abort } = connectTo(t, await listen(t, server), { http2: true });
    await http().get('/');
    await assert.rejects(http().get('/never', { timeout: '30ms' }), { kind: 'timeout' });
    await http().get('/');
    assert.equal(recorder.connectMs.length, 1);
    const cut = http().get('/never');
    await sleep(5);
    abort.abort();
    await assert.rejects(cut, { kind: 'cut' });
  });

  it('fails with a server that speaks something else', async (t) => {
    const target = await serveTcp(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { http } = connectTo(t, target, { http2: true, timeoutMs: 2_000 });
    await assert.rejects(http().get('/'), (error: { kind: string }) => {
      return error.kind === 'protocol' || error.kind === 'reset';
    });
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type FieldLines, fieldLine } from '@headgate/http1';
import { errorPage, failure } from '../errors.ts';
import { openPair, receive } from '../socket-pair.test-support.ts';
import { pageText, writePage } from './page.ts';

const page = errorPage(failure('overloaded', 'größer als “erlaubt”'), 'id-1');
const CLOSE = fieldLine('connection', 'close');

/** Start line, fields by name, and body of an answer in text. */
function parts(text: string) {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [startLine, ...lines] = head.split('\r\n');
  const fields = new Map(lines.map((line) => line.split(': ') as [string, string]));
  return { startLine, fields, body: Buffer.from(body, 'latin1').toString() };
}

describe('the text of an error page', () => {
  it('is a whole answer, its body measured in bytes', () => {
    const { startLine, fields, body } = parts(pageText(page, false, CLOSE));
    assert.equal(startLine, 'HTTP/1.1 503 Overloaded');
    assert.equal(body, page.body);
    assert.equal(fields.get('content-length'), `${Buffer.byteLength(page.body)}`);
    assert.equal(fields.get('content-type'), 'application/problem+json');
    assert.equal(fields.get('x-request-id'), 'id-1');
    assert.equal(fields.get('retry-after'), '1');
    assert.equal(fields.get('connection'), 'close');
    assert.ok(!Number.isNaN(Date.parse(fields.get('date') ?? '')));
  });

  it('for HEAD keeps the length of the body it leaves out', () => {
    const { fields, body } = parts(pageText(page, true, CLOSE));
    assert.equal(body, '');
    assert.equal(fields.get('content-length'), `${Buffer.byteLength(page.body)}`);
  });

  it('need not say anything about the connection', () => {
    const { fields } = parts(pageText(page, false, '' as FieldLines));
    assert.equal(fields.has('connection'), false);
  });
});

describe('a page on a bare socket', () => {
  const openSocket = (t: TestContext) => openPair<Socket>(t, (socket) => socket);

  it('arrives whole though the client is still sending, and the socket closes after it', async (t) => {
    const { near, far } = await openSocket(t);
    far.write('x'.repeat(100_000));
    writePage(near, page);
    const { body, fields } = parts((await receive(far).all()).toString('latin1'));
    assert.equal(body, page.body);
    assert.equal(fields.get('connection'), 'close');
    assert.equal(near.destroyed, false, 'it still reads');
    far.end('y'.repeat(100_000));
    if (!near.closed) await once(near, 'close');
  });

  it('is the last thing, even for a client that never closes its side', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { near, far } = await openSocket(t);
    writePage(near, page);
    await receive(far).all();
    t.mock.timers.tick(999);
    assert.equal(near.destroyed, false);
    t.mock.timers.tick(1);
    assert.equal(near.destroyed, true);
  });
});

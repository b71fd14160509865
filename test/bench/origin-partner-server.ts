/**
 * The partner of the origin contest, as cheap as Node can make one: posts and comments that look
 * like those of `apps/partner`, and `/held/…`, whose answer (its own target) waits until it is told
 * to come. Run as `PORT`; asked by its parent for `counts`, or to `release`, it answers with
 * `PartnerCounts`.
 */
import { createServer, type Socket } from 'node:net';

export interface PartnerCounts {
  /** Requests answered so far. */
  readonly answered: number;
  /** Requests that wait for `release`. */
  readonly held: number;
}

const COMMENTS_PER_POST = 5;
const TITLE_WORDS = 5;
const POST_WORDS = 40;
const COMMENT_WORDS = 15;
/** Texts are made once and given out in turn; a prime, so that neighbours differ. */
const TEXTS = 61;
const WORDS =
  'arbour beacon cobalt drift ebony falcon gravel hollow island jasper kernel lantern'.split(' ');
const NAMES = 'Annie Betty Dennis Edith Guido Hedy Joan Mary'.split(' ');

const titles = texts(TITLE_WORDS);
const posts = texts(POST_WORDS);
const comments = texts(COMMENT_WORDS);
const held = new Map<Socket, string>();
let isHolding = true;
let answered = 0;

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    received += chunk;
    for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
      answer(socket, received.slice(received.indexOf(' ') + 1, received.indexOf(' HTTP/1.1\r\n')));
      received = received.slice(end + 4);
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => held.delete(socket));
});
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 }, () =>
  process.send?.('listening'),
);

process.on('message', (question) => {
  if (question === 'release') {
    for (const [socket, target] of held) send(socket, targetBody(target));
    held.clear();
    isHolding = false;
  }
  process.send?.({ answered, held: held.size } satisfies PartnerCounts);
});
process.on('disconnect', () => process.exit());

function answer(socket: Socket, target: string): void {
  const [, id, isComments] = /^\/posts\/([1-9]\d{0,9})(\/comments)?$/.exec(target) ?? [];
  if (id !== undefined) send(socket, isComments ? commentsBody(Number(id)) : postBody(Number(id)));
  else if (isHolding && target.startsWith('/held/')) held.set(socket, target);
  else send(socket, targetBody(target));
}

function send(socket: Socket, body: string): void {
  answered++;
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    'latin1',
  );
}

function targetBody(target: string): string {
  return JSON.stringify({ target });
}

function postBody(id: number): string {
  return `{"id":${id},"userId":${1 + (id % 999_983)},"title":"${textFor(id, titles)}","body":"${textFor(id, posts)}"}`;
}

function commentsBody(postId: number): string {
  let body = '';
  for (let index = 0; index < COMMENTS_PER_POST; index++) {
    const id = (postId - 1) * COMMENTS_PER_POST + index + 1;
    const name = textFor(id, NAMES);
    body += `${index === 0 ? '[' : ','}{"id":${id},"postId":${postId},"name":"${name}","email":"${name.toLowerCase()}.${id}@example.com","body":"${textFor(id, comments)}"}`;
  }
  return `${body}]`;
}

function texts(words: number): string[] {
  return Array.from({ length: TEXTS }, (_, text) =>
    Array.from({ length: words }, (_, at) => textFor(text * words + at * at, WORDS)).join(' '),
  );
}

function textFor(id: number, list: readonly string[]): string {
  return list[id % list.length] ?? '';
}

/** @fastify/reply-from on Fastify, both without logging. */
import replyFrom from '@fastify/reply-from';
import { fastify } from 'fastify';

const [port, ...origins] = process.argv.slice(2);
const app = fastify({ logger: false, keepAliveTimeout: 300_000 });
let turn = 0;

// Bodies are passed on, not read.
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
await app.register(replyFrom, {
  undici: { connections: 10_000, pipelining: 1, keepAliveTimeout: 300_000 },
});
app.all('/*', (request, reply) => {
  turn = (turn + 1) % origins.length;
  return reply.from(`http://${origins[turn]}${request.url}`, {
    rewriteRequestHeaders: (_request, headers) => ({ ...headers, 'x-forwarded-for': request.ip }),
    // The origin's own word, which is not for the client, would keep connections open.
    rewriteHeaders: ({ connection: _, ...headers }) => headers,
  });
});
await app.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });

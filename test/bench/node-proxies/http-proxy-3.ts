/** http-proxy-3 as it should be run: with an agent that keeps connections. */
import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'http-proxy-3';

const [port, ...origins] = process.argv.slice(2);
const proxy = createProxyServer({
  agent: new Agent({ keepAlive: true, maxFreeSockets: 1024, scheduling: 'lifo' }),
  xfwd: true,
});
const targets = origins.map((address) => new URL(`http://${address}`));
let turn = 0;

const server = createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
  // `Connection` is between neighbours, but it passes it on: both ways it is put right here, or
  // a client that closes costs the connection kept to the origin, and the origin's answer keeps
  // the client's open.
  request.headers.connection = 'keep-alive';
  turn = (turn + 1) % targets.length;
  proxy.web(request, response, { target: targets[turn] as URL });
});
proxy.on('proxyRes', (answer, _request, response) => {
  answer.headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
});
proxy.on('error', (_error, _request, response) => response.destroy());
server.listen(Number(port), '127.0.0.1', 4096);

import { createOrigin } from './src/index.ts';
import { OriginResponse } from './src/origin-response.ts';
import { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
const kit = createOrigin({ name: 'x' }); kit.get('/hello/:id', (c) => c.json({ message: 'hello', id: c.req.param('id') }));
const bare = new Hono(); bare.get('/hello/:id', (c: any) => c.json({ message: 'hello', id: c.req.param('id') }));
const socket: any = { remoteAddress: 'x', encrypted: false };
const raw = ['Host','localhost:7700','User-Agent','wrk'];
function go(listener: any, R: any) {
  const incoming: any = new IncomingMessage(socket); incoming.url='/hello/5'; incoming.method='GET'; incoming.rawHeaders = raw; incoming.headers; incoming._addHeaderLines(raw, 4); incoming.complete = true;
  const outgoing: any = new R(incoming); outgoing.shouldKeepAlive = true;
  outgoing.on('finish', noop); outgoing.on('close', noop);
  listener(incoming, outgoing);
  outgoing.emit('finish'); outgoing.emit('close');
}
function noop() {}
const lb = getRequestListener(bare.fetch as any), lk = getRequestListener(kit.fetch as any);
const best: Record<string, number[]> = { bare: [], kit: [] };
for (let k=0;k<400;k++){
  for (const [n, l, R] of [['bare', lb, ServerResponse], ['kit', lk, OriginResponse]] as const) {
    const t = process.hrtime.bigint();
    for (let i=0;i<500;i++) go(l, R);
    const d = Number(process.hrtime.bigint() - t)/500;
    if (k > 50) best[n]!.push(d);
    await new Promise(setImmediate);
  }
}
for (const n of ['bare','kit']) { const a = best[n]!.sort((x,y)=>x-y); console.log(n, 'p10', a[Math.floor(a.length*.1)]!.toFixed(0), 'median', a[a.length>>1]!.toFixed(0)); }

import { createOrigin } from '/work/main/packages/origin/src/index.ts';
import { OriginResponse } from '/work/main/packages/origin/src/origin-response.ts';
import { IncomingMessage } from 'node:http';
const kit = createOrigin({ name: 'x' }); kit.get('/hello/:id', (c) => c.json({ message: 'hello', id: c.req.param('id') }));
const socket: any = { remoteAddress: 'x' };
function req() { const r = new IncomingMessage(socket); r.url='/hello/5'; r.method='GET'; return r; }
const fakeReq: any = { method: 'GET', url: 'http://localhost/hello/5', headers: { get: () => null } };
for (let k=0;k<6;k++){
 const t=process.cpuUsage();
 for (let i=0;i<1e5;i++){ const incoming = req(); const outgoing: any = new OriginResponse(incoming); const r: any = kit.fetch(fakeReq, { incoming, outgoing }); if (process.env.WH) outgoing.writeHead(200, { 'Content-Type': 'application/json' }); if (process.env.CL) outgoing.emit('close');
  if (process.env.TURN && i%100===0) await new Promise(setImmediate); }
 const e=process.cpuUsage(t);
 gc!(); console.log(((e.user+e.system)/1e5*1000).toFixed(0),'ns', (process.memoryUsage().heapUsed/1e6).toFixed(1),'MB', kit.lifecycle.inFlight);
}

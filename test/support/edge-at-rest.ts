/** An edge that nobody wants anything from any more. */
import { awaitInFlight, readMetric } from './admin-client.ts';
import { eventually } from './eventually.ts';
import type { ProxyProcess } from './proxy-process.ts';

/** Waits until the edge says that nothing is in flight and no client is connected. */
export async function awaitRest(proxy: ProxyProcess): Promise<void> {
  await awaitInFlight(proxy, 0);
  await eventually(async () => {
    const [open] = await readMetric(proxy, 'headgate_client_connections');
    if (open?.value !== 0) throw new Error(`${open?.value} client connections are still open`);
  });
}

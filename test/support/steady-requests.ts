/** A steady stream of plain requests over kept connections. */
import { getText, openClient } from './raw-client.ts';

/**
 * Sends `total` GETs over `clients` connections, each waiting for its answer before the next, and
 * resolves with how often each status came back.
 */
export async function steadyRequests(
  port: number,
  clients: number,
  total: number,
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let left = total;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      await using client = await openClient(port);
      while (left-- > 0) {
        client.send(getText());
        const { status } = await client.response();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }),
  );
  return statuses;
}

/** Pages whose answers are kept back, and clients that wait for them. */

import type { CachedSite, Page, PageScript } from './cached-site.ts';
import { eventually } from './eventually.ts';
import { getText, openClient, type RawClient, type RawResponse } from './raw-client.ts';
import type { ReceivedRequest } from './recording-origin.ts';

export interface HeldPage {
  readonly page: Page;
  /** Requests of the origin, for the test to answer. */
  readonly held: readonly ReceivedRequest[];
  /** Waits until the origin has got `count` requests; the last of these. */
  awaitHeld(count?: number): Promise<ReceivedRequest>;
}

/** A page that is answered by the test, request by request; those that are not held by `others`. */
export function holdPage(
  site: CachedSite,
  isHeld: (nth: number) => boolean = () => true,
  others: PageScript = () => {},
): HeldPage {
  const held: ReceivedRequest[] = [];
  return {
    page: site.page((request, nth) => (isHeld(nth) ? held.push(request) : others(request, nth))),
    held,
    awaitHeld: (count = 1) =>
      eventually(() => {
        const last = held[count - 1];
        if (held.length !== count || !last)
          throw new Error(`${held.length} requests, not ${count}`);
        return last;
      }),
  };
}

/**
 * Clients that have asked for a page, each with the fields of its number; when this resolves all of
 * them wait, and no other client is connected.
 */
export async function waitingClients(
  stack: AsyncDisposableStack,
  site: CachedSite,
  page: Page,
  count: number,
  fieldsOf: (index: number) => readonly string[] = () => [],
): Promise<RawClient[]> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => openClient(site.proxy.port)),
  );
  clients.forEach((client, index) => {
    stack.use(client);
    client.send(getText(page.path, ...fieldsOf(index)));
  });
  await site.awaitClients(count);
  return clients;
}

/** The first answer of each client. */
export function answersOf(clients: readonly RawClient[]): Promise<RawResponse[]> {
  return Promise.all(clients.map((client) => client.response()));
}

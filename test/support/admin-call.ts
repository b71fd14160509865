/** One request to an admin listener, wherever it is and with whatever a caller may send. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { json } from 'node:stream/consumers';

export type AdminPlace = { readonly port: number } | { readonly socketPath: string };

export interface AdminRequest {
  /** Default: POST with a body, GET without. */
  readonly body?: object;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AdminAnswer<T = unknown> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: T;
}

/** What a change came to, or what was wrong with it. */
export interface ChangeBody {
  readonly changed?: readonly string[];
  readonly detail?: string;
  readonly field?: string;
}

export async function callAdmin<T>(
  place: AdminPlace,
  path: string,
  { body, token, headers }: AdminRequest = {},
): Promise<AdminAnswer<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<AdminAnswer<T>>();
  const asked = request(
    {
      host: '127.0.0.1',
      ...place,
      path,
      method: body ? 'POST' : 'GET',
      agent: false,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
    },
    (response) => {
      const { statusCode: status = 0 } = response;
      json(response).then(
        (answer) => resolve({ status, headers: response.headers, body: answer as T }),
        reject,
      );
    },
  );
  asked.once('error', reject);
  asked.end(body && JSON.stringify(body));
  return promise;
}

/** Asks the admin listener of a running edge. */
import { request } from 'node:http';
import { type Endpoint, formatEndpoint } from '../address.ts';

export type Reply =
  | { readonly ok: true; readonly body: unknown }
  /** `why` completes "cannot …: ". */
  | { readonly ok: false; readonly why: string };

export interface AdminClient {
  get(path: string): Promise<Reply>;
  /** Asks for a change, which may take as long as `timeoutMs`. */
  post(path: string, body: object, timeoutMs?: number): Promise<Reply>;
}

/** Longer than an edge under load takes to answer. */
const READ_TIMEOUT_MS = 10_000;

/** Longer than workers take to apply something. */
const CHANGE_TIMEOUT_MS = 60_000;

/** A client of the edge at `endpoint`; `token` goes with what it asks. */
export function createAdminClient(endpoint: Endpoint, token: string | undefined): AdminClient {
  return {
    get: (path) => ask(endpoint, token, path, READ_TIMEOUT_MS),
    post: (path, body, timeoutMs = CHANGE_TIMEOUT_MS) =>
      ask(endpoint, token, path, timeoutMs, JSON.stringify(body)),
  };
}

function ask(
  endpoint: Endpoint,
  token: string | undefined,
  path: string,
  timeoutMs: number,
  body?: string,
): Promise<Reply> {
  const place =
    endpoint.kind === 'unix'
      ? { socketPath: endpoint.path }
      : { host: endpoint.host, port: endpoint.port };
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException) =>
      resolve({ ok: false, why: whyUnreachable(error, endpoint, timeoutMs) });
    const asked = request(
      {
        ...place,
        path,
        method: body === undefined ? 'GET' : 'POST',
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.once('error', fail);
        response.once('end', () => resolve(understand(response.statusCode ?? 0, text)));
      },
    );
    asked.once('error', fail);
    asked.end(body);
  });
}

function understand(status: number, text: string): Reply {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return {
      ok: false,
      why: `the answer (status ${status}) is no JSON; is this an admin listener?`,
    };
  }
  if (status === 200) return { ok: true, body };
  const { detail } = body as { detail?: unknown };
  return { ok: false, why: typeof detail === 'string' ? detail : `it answered ${status}` };
}

function whyUnreachable(
  error: NodeJS.ErrnoException,
  endpoint: Endpoint,
  timeoutMs: number,
): string {
  const where = formatEndpoint(endpoint);
  switch (error.code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return `no edge answers at ${where}; is it running, and is this its admin.address?`;
    case 'EACCES':
      return `${where} is another user's; ask as the user the edge runs as`;
    case 'ECONNRESET':
      return `the edge at ${where} closed the connection; it may be stopping`;
    case 'ABORT_ERR':
      return `${where} did not answer within ${timeoutMs / 1_000} s`;
    default:
      return `${where} cannot be asked: ${error.message}`;
  }
}

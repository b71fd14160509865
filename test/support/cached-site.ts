/** An edge that caches, and behind it pages that each test answers as it needs. */
import type { ProxyConfigInput } from '@headgate/proxy';
import { readMetric } from './admin-client.ts';
import { eventually } from './eventually.ts';
import { type ProxyProcess, startProxyTo, type TestService } from './proxy-process.ts';
import { exchangeOnce, getText, type RawResponse } from './raw-client.ts';
import { type ReceivedRequest, type RecordingOrigin, startOrigin } from './recording-origin.ts';

/** What a route says of its cache. */
type CacheInput = NonNullable<ProxyConfigInput['routes'][number]['cache']>;

/** Answers a request for a page; `nth` counts those the origin got for this page, from 1. */
export type PageScript = (request: ReceivedRequest, nth: number) => unknown;

export interface SiteOptions {
  /** Default: `true`. */
  readonly cache?: CacheInput;
  readonly service?: TestService;
  readonly rest?: Partial<ProxyConfigInput>;
}

/** One path of the site that no other test asks for. */
export interface Page {
  readonly path: string;
  /** What the origin got for it, with whatever query or path behind it. */
  readonly asked: readonly ReceivedRequest[];
  /** A GET on a connection of its own; `fields` are whole lines. */
  get(...fields: string[]): Promise<RawResponse>;
  /** Another method, a path that goes on behind this one's, a body. */
  send(request: PageRequest): Promise<RawResponse>;
}

interface PageRequest {
  readonly method?: string;
  /** Behind the path of the page: `?a=1`, `/more`. */
  readonly rest?: string;
  readonly fields?: readonly string[];
  readonly body?: string;
}

const FIRST_PAGE = 10_000;

/** Starts an origin, and an edge before it whose only route caches. */
export async function startSite(options: SiteOptions = {}): Promise<CachedSite> {
  const { cache = true, service = {}, rest = {} } = options;
  await using stack = new AsyncDisposableStack();
  const pages = new Map<string, PageScript>();
  const origin = stack.use(await startOrigin(scriptOf(pages)));
  const proxy = stack.use(
    await startProxyTo([origin.url], service, { routes: [{ service: 'app', cache }], ...rest }),
  );
  return new CachedSite(origin, proxy, pages, stack.move());
}

export class CachedSite implements AsyncDisposable {
  readonly origin: RecordingOrigin;
  readonly proxy: ProxyProcess;
  readonly #pages: Map<string, PageScript>;
  readonly #stack: AsyncDisposableStack;

  constructor(
    origin: RecordingOrigin,
    proxy: ProxyProcess,
    pages: Map<string, PageScript>,
    stack: AsyncDisposableStack,
  ) {
    this.origin = origin;
    this.proxy = proxy;
    this.#pages = pages;
    this.#stack = stack;
  }

  /** A new page; all that is asked for at or below its path is answered by `script`. */
  page(script: PageScript): Page {
    // All of one length, so that pages that reflect their path have that in common.
    const name = `page-${FIRST_PAGE + this.#pages.size}`;
    const path = `/${name}`;
    this.#pages.set(name, script);
    const { origin, proxy } = this;
    const send = ({ method = 'GET', rest = '', fields = [], body = '' }: PageRequest) => {
      const framing = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
      const [, ...lines] = getText(path + rest, ...fields, ...framing).split('\r\n');
      const head = [`${method} ${path}${rest} HTTP/1.1`, ...lines].join('\r\n');
      return exchangeOnce(proxy.port, head + body);
    };
    return {
      path,
      get asked() {
        return origin.requests.filter(({ target }) => nameIn(target) === name);
      },
      get: (...fields) => send({ fields }),
      send,
    };
  }

  /** Waits until so many clients are connected, and what they have sent so far was read. */
  async awaitClients(count: number): Promise<void> {
    await eventually(async () => {
      const [open] = await readMetric(this.proxy, 'headgate_client_connections');
      if (open?.value !== count) throw new Error(`${open?.value} of ${count} clients connected`);
    });
    await this.page((request) => request.answer()).get();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** What an origin answers with; without a reason phrase nobody needs. */
export interface Reply {
  readonly status?: number;
  /** Whole lines. */
  readonly fields?: readonly string[];
  readonly body?: string;
}

/** Sends a complete answer with its length, and no body where none belongs. */
export function reply(request: ReceivedRequest, { status = 200, fields = [], body = '' }: Reply) {
  const isBare = status === 204 || status === 304;
  const length = isBare ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const content = isBare || request.method === 'HEAD' ? '' : body;
  request.socket.write([`HTTP/1.1 ${status} Told`, ...length, ...fields, '', content].join('\r\n'));
}

/** Answers `#1`, `#2` and so on, always with these fields: who gets `#1` twice got it from the cache. */
export function counting(...fields: string[]): PageScript {
  return (request, nth) => reply(request, { fields, body: `#${nth}` });
}

function scriptOf(pages: ReadonlyMap<string, PageScript>): (request: ReceivedRequest) => void {
  const counts = new Map<string, number>();
  return (request) => {
    const name = nameIn(request.target);
    const script = pages.get(name);
    if (!script) {
      reply(request, { status: 404, body: `no page is called ${name}` });
      return;
    }
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    void script(request, nth);
  };
}

function nameIn(target: string): string {
  return /page-\d+/.exec(target)?.[0] ?? '';
}

/** The requests of one run of a flow. */
import type { Dispatcher } from 'undici';
import type { Http, HttpAnswer, HttpOptions } from '../scenario.ts';
import { Exchange } from './exchange.ts';
import { type Due, type FlowScope, takeIntended, withoutQuery } from './flow-scope.ts';

export class FlowHttp implements Http {
  readonly #scope: FlowScope;
  readonly #dispatcher: Dispatcher;
  readonly #isConnecting: () => boolean;
  readonly #due: Due;

  constructor(scope: FlowScope, dispatcher: Dispatcher, isConnecting: () => boolean, due: Due) {
    this.#scope = scope;
    this.#dispatcher = dispatcher;
    this.#isConnecting = isConnecting;
    this.#due = due;
  }

  get(path: string, options?: Omit<HttpOptions, 'body'>): Promise<HttpAnswer> {
    return this.request('GET', path, options);
  }

  post(path: string, options?: HttpOptions): Promise<HttpAnswer> {
    return this.request('POST', path, options);
  }

  put(path: string, options?: HttpOptions): Promise<HttpAnswer> {
    return this.request('PUT', path, options);
  }

  patch(path: string, options?: HttpOptions): Promise<HttpAnswer> {
    return this.request('PATCH', path, options);
  }

  delete(path: string, options?: HttpOptions): Promise<HttpAnswer> {
    return this.request('DELETE', path, options);
  }

  request(method: string, path: string, options: HttpOptions = {}): Promise<HttpAnswer> {
    try {
      return this.#send(method, path, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #send(method: string, path: string, options: HttpOptions): Promise<HttpAnswer> {
    const scope = this.#scope;
    const what = `${method} ${withoutQuery(path)}`;
    if (scope.isCut) return scope.refuse(what);
    const to = scope.resolve(path);
    const timeoutMs = scope.timeoutOf(options.timeout);
    const { body, isJson } = bodyOf(options.body);
    let headers = scope.headersWith(options.headers);
    if (isJson && headers['content-type'] === undefined) {
      headers = { ...headers, 'content-type': 'application/json' };
    }
    const series = scope.step(options.name ?? what);
    const intendedMs = takeIntended(this.#due, performance.now());
    const exchange = new Exchange(
      { scope, series, what, intendedMs, timeoutMs },
      options.expect,
      this.#isConnecting,
    );
    this.#dispatcher.dispatch(
      { origin: to.origin, path: to.path, method, headers, body },
      exchange,
    );
    return exchange.result;
  }
}

function bodyOf(body: unknown): { body: string | Uint8Array | null; isJson: boolean } {
  if (body === undefined) return { body: null, isJson: false };
  if (typeof body === 'string' || body instanceof Uint8Array) return { body, isJson: false };
  return { body: JSON.stringify(body), isJson: true };
}

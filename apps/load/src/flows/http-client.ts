/** The connections of a scripted flow, on undici and ws. */
import { Agent } from 'undici';
import type { EventsUser, Http, StreamOptions, WebSocketUser } from '../scenario.ts';
import { createConnector } from './connections.ts';
import { openEvents } from './events-user.ts';
import { FlowHttp } from './flow-http.ts';
import { type Due, FlowScope, type FlowScopeOptions } from './flow-scope.ts';
import type { Releasable } from './message-queue.ts';
import { pause } from './pause.ts';
import { openWebSocket } from './websocket-user.ts';

export interface HttpClientOptions extends FlowScopeOptions {
  readonly http2: boolean;
}

/** All connections of one flow in one worker. */
export interface HttpClient {
  /** What one run of the flow is given; its first request is due at `intendedMs`. */
  forFlow(due: Due): Http;
  openWebSocket(
    due: Due,
    path: string,
    options?: StreamOptions,
  ): Promise<Releasable<WebSocketUser>>;
  openEvents(due: Due, path: string, options?: StreamOptions): Promise<Releasable<EventsUser>>;
  /** A think time; cut like a request. */
  pause(lengthMs: number): Promise<void>;
  /** Cuts what is under way and closes every connection. */
  close(): Promise<void>;
}

/**
 * A client that keeps its connections alive and opens as many as it needs; it follows no redirects.
 * Certificates are verified unless they are those of this machine. Throws an Error for a target that
 * load may not go to.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { http2, target } = options;
  const scope = new FlowScope(options);
  const connector = createConnector(scope, http2);
  const agentOptions = {
    connect: connector.connect,
    allowH2: http2,
    // Knowing this, undici shares a connection from the first request on.
    useH2c: http2 && target.protocol === 'http:',
    // Each request has one time limit, for all of it; undici's are for its parts.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const agent = new Agent(agentOptions);
  const isConnecting = () => connector.opening > 0;

  return {
    forFlow: (due) => new FlowHttp(scope, agent, isConnecting, due),
    openWebSocket: (due, path, streamOptions) => openWebSocket(scope, due, path, streamOptions),
    openEvents: (due, path, streamOptions) =>
      openEvents(scope, agent, isConnecting, due, path, streamOptions),
    pause: (lengthMs) => pause(scope, lengthMs),
    close() {
      scope.close();
      return agent.destroy();
    },
  };
}

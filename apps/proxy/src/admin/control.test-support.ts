/** For tests of the admin API and what asks it: a control that notes its calls, and its listener. */
import { request } from 'node:http';
import type { TestContext } from 'node:test';
import type { Endpoint } from '../address.ts';
import { type ProxyConfigInput, proxySchema } from '../config.ts';
import { type Audit, auditedControl, createAudit } from '../control/audit.ts';
import type { ChangeResult, Control } from '../control/control-api.ts';
import { listEntries, type OperatorState, operate } from '../control/operator.ts';
import type { CacheStatus } from './cache.ts';
import { type AdminListener, startAdmin } from './listener.ts';
import type { ServiceStatus } from './services.ts';

const LOOPBACK: Endpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 };
export const TOKEN = 'correct-horse-battery';
export const FIRST = 'http://127.0.0.1:4001';
export const SECOND = 'http://127.0.0.1:4002';

const config: ProxyConfigInput = {
  listeners: [{ address: '127.0.0.1:8080' }],
  services: { items: { upstreams: [{ url: FIRST }, { url: SECOND }] } },
  routes: [{ service: 'items' }],
  admin: { address: '127.0.0.1:9090', token: TOKEN },
};

export interface FakeControl extends Control {
  /** What was asked of it, in order. */
  readonly calls: string[];
}

/** One service with two upstreams, two workers; operators' changes are carried out. */
export function fakeControl(overrides: Partial<Control> = {}): FakeControl {
  const calls: string[] = [];
  const known = new Map([['items', [FIRST, SECOND]]]);
  let operated: OperatorState = [];
  const done = async (call: string, ...changed: string[]): Promise<ChangeResult> => {
    calls.push(call);
    return { ok: true, changed };
  };
  return {
    calls,
    status: () => ({
      version: '1.2.3',
      pid: 100,
      startedAt: 1_700_000_000_000,
      config: { file: 'headgate.yaml', loadedAt: 1_700_000_060_000, generation: 3 },
      workers: { asked: 2, ready: 2 },
      isDraining: false,
    }),
    workers: () => [worker(1), worker(2)],
    services: async () => ({ services: [service(operated)] }),
    cache: async () => CACHE,
    metrics: async () => 'things_total 1\n',
    isReady: () => true,
    config: () => proxySchema.parse(config),
    operatorEntries: () => listEntries(operated, known),
    reload: (by) => done(`reload by ${by}`, '~ workers 1 → 2'),
    restart: (by) => done(`restart by ${by}`, 'every worker was replaced'),
    scale: (workers, by) => done(`scale ${workers} by ${by}`),
    async operate(change, by) {
      calls.push(`${JSON.stringify(change)} by ${by}`);
      const result = operate(operated, change, known);
      if (result.ok) operated = result.state;
      return result;
    },
    async purge(order, by) {
      calls.push(`purge ${JSON.stringify(order)} by ${by}`);
      return { ok: true, changed: [`${order.kind} is forgotten`], workers: 2, reach: 'here' };
    },
    ...overrides,
  };
}

/** Of two workers. */
export const CACHE: CacheStatus = {
  entries: 12_345,
  sizeBytes: 100 * 2 ** 20,
  maxSizeBytes: 512 * 2 ** 20,
  hits: 700,
  misses: 150,
  stale: 50,
  collapsed: 60,
  passes: 40,
};

function worker(id: number) {
  return {
    id,
    pid: 200 + id,
    state: 'ready',
    ageMs: 3_661_000,
    connections: 1_234,
    inFlight: 5,
    requests: 67_890,
    memoryBytes: 100 * 2 ** 20,
  } as const;
}

function service(operated: OperatorState): ServiceStatus {
  return {
    name: 'items',
    policy: 'least-connections',
    inFlight: 3,
    queued: 0,
    shed: 0,
    isPanicking: false,
    upstreams: [FIRST, SECOND].map((url) => {
      const entry = operated.find(({ upstream }) => upstream === url);
      return {
        url,
        weight: entry?.weight ?? 1,
        verdict: 'healthy',
        reason: undefined,
        presence: 'in',
        isDraining: entry?.state === 'draining',
        isDisabled: entry?.state === 'disabled',
        inFlight: 3,
        waiting: 1,
        limit: undefined,
        latencyMs: 12.5,
        correction: 1,
        requests: 1_000,
        failures: 2,
        history: [],
      };
    }),
  };
}

export interface OpenAdmin {
  readonly admin: AdminListener;
  readonly audit: Audit;
}

export interface AdminSetup {
  readonly endpoint?: Endpoint;
  readonly control?: Control;
  readonly token?: string;
}

/** Opens a listener that is closed after the test. */
export async function openAdmin(t: TestContext, setup: AdminSetup = {}): Promise<OpenAdmin> {
  const { endpoint = LOOPBACK, control = fakeControl(), token } = setup;
  const audit = createAudit({ log: { info: () => {} }, now: () => 1_700_000_000_000 });
  const deps = { control: auditedControl(control, audit), audit, token: () => token };
  const admin = await startAdmin(endpoint, deps);
  t.after(() => admin.close());
  return { admin, audit };
}

export interface Answered {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request on a connection of its own. */
export function ask(
  { endpoint }: AdminListener,
  path: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Answered> {
  const place =
    endpoint.kind === 'unix'
      ? { socketPath: endpoint.path }
      : { host: endpoint.host, port: endpoint.port };
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, path, method, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        text += piece;
      });
      answer.once('end', () => {
        resolve({ status: answer.statusCode, headers: answer.headers, text });
      });
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

/** Asks for a change, as `headgate ctl` does. */
export function change(
  admin: AdminListener,
  path: string,
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  return ask(admin, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** Where the first upstream is changed. */
export const FIRST_PATH = `/api/services/items/upstreams/${encodeURIComponent(FIRST)}`;

/** What carries the token. */
export const WITH_TOKEN = { authorization: `Bearer ${TOKEN}` };

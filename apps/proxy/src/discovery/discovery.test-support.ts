/** Discovery on a clock that tests move by hand, and a DNS that answers what they say. */
import type { TestContext } from 'node:test';
import { type ProxyConfig, type ProxyConfigInput, proxySchema } from '../config.ts';
import type { Dns } from './ask-dns.ts';
import { Discovery } from './discovery.ts';
import type { Found } from './expand.ts';
import type { Answer } from './known.ts';
import type { SrvTarget } from './srv.ts';
import type { DiscoveryEvent } from './troubles.ts';

type Entries = ProxyConfigInput['services'][string]['upstreams'];

export interface DiscoveryBench {
  readonly discovery: Discovery;
  /** What each question is answered from now on, by `A items.test`; "no such name" unless set. */
  readonly answers: Map<string, Answer<string> | Answer<SrvTarget>>;
  /** Questions so far. */
  readonly asked: string[];
  readonly told: Found[];
  readonly events: DiscoveryEvent[];
  /** Lets time pass, and everything happen that is due meanwhile. */
  pass(ms: number): Promise<void>;
  /** URLs found for an entry; undefined while it has not been asked for. */
  urls(key: string): readonly string[] | undefined;
}

export function createDiscovery(t: TestContext, directory = '.'): DiscoveryBench {
  let nowMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly act: () => void }>();
  const answers = new Map<string, Answer<string> | Answer<SrvTarget>>();
  const asked: string[] = [];
  const told: Found[] = [];
  const events: DiscoveryEvent[] = [];
  const answer = async (question: string) => {
    asked.push(question);
    return answers.get(question) ?? { kind: 'gone', reason: 'no such name' };
  };
  const dns: Dns = {
    addresses: (name, family) =>
      answer(`${family === 4 ? 'A' : 'AAAA'} ${name}`) as Promise<Answer<string>>,
    targets: (name) => answer(`SRV ${name}`) as Promise<Answer<SrvTarget>>,
  };
  const discovery = new Discovery({
    dns,
    now: () => nowMs,
    random: () => 0.5,
    schedule(delayMs, act) {
      const timer = { atMs: nowMs + delayMs, act };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    directory,
    env: { PORT: '4001' },
    onChange: (found) => told.push(found),
    onEvent: (event) => events.push(event),
  });
  t.after(() => discovery.stop());
  return {
    discovery,
    answers,
    asked,
    told,
    events,
    async pass(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.atMs - b.atMs);
        if (!next || next.atMs > untilMs) break;
        timers.delete(next);
        nowMs = next.atMs;
        next.act();
        await settle();
      }
      nowMs = untilMs;
    },
    urls: (key) => discovery.found.get(key)?.map(({ url }) => url),
  };
}

/** A config with one service for each list of entries. */
export function configOf(...services: Entries[]): ProxyConfig {
  const named = services.map((upstreams, i) => [`service-${i}`, { upstreams }]);
  return proxySchema.parse({
    listeners: [{ address: '127.0.0.1:0' }],
    services: Object.fromEntries(named),
    routes: [{ service: 'service-0' }],
  });
}

export function addresses(ttlSeconds: number, ...records: string[]): Answer<string> {
  return { kind: 'found', records, ttlMs: ttlSeconds * 1_000 };
}

/** Answers under way arrive. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

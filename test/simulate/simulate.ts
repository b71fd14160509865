/** Runs a scenario. */
import { createPolicy, type PolicyName, rendezvousSubset } from '@headgate/balancer';
import { Edge } from './edge.ts';
import { Engine } from './engine.ts';
import type { Outcome } from './exchange.ts';
import { arrivalsOf, DRAWS_PER_REQUEST, drawOf } from './load.ts';
import {
  BUCKET_MS,
  type Measured,
  measure,
  outcomes,
  type Recording,
  type TimedEvent,
} from './measured.ts';
import { centralQueue } from './oracle.ts';
import { Origin } from './origin.ts';
import { createPlainLeastConnections } from './plain-policy.ts';
import type { Scenario } from './scenario.ts';
import { createStream } from './seeded-random.ts';

/** A policy of the balancer, or least connections without anything else. */
export type Contestant = PolicyName | 'plain';

/** A client that got no good answer asks again after this, in milliseconds. */
const CLIENT_RETRY_MS = 100;

/** Draws for the attempts of one asking. */
const DRAWS_PER_ASK = 16;

/** Runs `scenario` once; the same seed gives the same requests to every contestant. */
export function simulate(scenario: Scenario, contestant: Contestant, seed: number): Measured {
  const arrivalMs = arrivalsOf(scenario.phases, seed);
  const { serviceTime, boundWorkers, fromMs, toMs } = scenario;
  const bound = centralQueue(
    arrivalMs,
    (request) => drawOf(serviceTime, seed, request * DRAWS_PER_REQUEST).workMs,
    boundWorkers,
  );
  return measure(record(scenario, contestant, seed, arrivalMs), bound, fromMs, toMs);
}

function record(
  scenario: Scenario,
  contestant: Contestant,
  seed: number,
  arrivalMs: Float64Array,
): Recording {
  const { serviceTime, deadlineMs, clientRetries = 0 } = scenario;
  const engine = new Engine();
  const lengthMs = scenario.phases.at(-1)?.untilMs ?? 0;
  const buckets = Math.ceil(lengthMs / BUCKET_MS);
  const latencyMs = new Float64Array(arrivalMs.length);
  const outcome = new Uint8Array(arrivalMs.length).fill(outcomes.indexOf('abandoned'));
  const picks = scenario.origins.map(() => new Uint32Array(buckets));
  const answered = new Uint32Array(buckets);
  const inFlight = new Uint32Array(buckets);
  const events: TimedEvent[] = [];
  let accepted = 0;

  const bucketNow = () => Math.floor(engine.nowMs / BUCKET_MS);
  const origins = scenario.origins.map((plan) => new Origin(engine, plan));
  const indexOf = new Map(scenario.origins.map(({ key }, i) => [key, i]));
  const edges = Array.from({ length: scenario.edges ?? 1 }, (_, edge) => {
    const random = createStream(seed, 'policy', edge);
    return new Edge({
      engine,
      origins: usedBy(edge, origins, scenario.subsetSize),
      policy: contestant === 'plain' ? createPlainLeastConnections() : createPolicy(contestant),
      settings: contestant === 'plain' ? { ...scenario.edge, isPlain: true } : scenario.edge,
      random,
      drawOf: (index) => drawOf(serviceTime, seed, index),
      onPick({ key }) {
        const counts = picks[indexOf.get(key) as number] as Uint32Array;
        const bucket = bucketNow();
        if (bucket < buckets) counts[bucket] = (counts[bucket] as number) + 1;
      },
      onEvent: ({ key }, event) => events.push({ ...event, key, edge }),
    });
  });
  const chooseEdge = createStream(seed, 'edges');

  const ask = (request: number, asked: number, edge: Edge) => {
    accepted++;
    const exchange = edge.accept(
      request * DRAWS_PER_REQUEST + asked * DRAWS_PER_ASK,
      (how: Outcome) => {
        if (how !== 'good' && asked < clientRetries) {
          engine.at(engine.nowMs + CLIENT_RETRY_MS, () => ask(request, asked + 1, edge));
          return;
        }
        outcome[request] = outcomes.indexOf(how);
        latencyMs[request] = engine.nowMs - (arrivalMs[request] as number);
        const bucket = bucketNow();
        if (how === 'good' && bucket < buckets) answered[bucket] = (answered[bucket] as number) + 1;
      },
    );
    if (deadlineMs !== undefined && !exchange.isOver) {
      const deadline = engine.at(engine.nowMs + deadlineMs, () => edge.abandon(exchange));
      exchange.deadline = deadline;
    }
  };

  let next = 0;
  const arrive = () => {
    const request = next++;
    if (next < arrivalMs.length) engine.at(arrivalMs[next] as number, arrive);
    ask(request, 0, edges[Math.floor(chooseEdge() * edges.length)] as Edge);
  };
  if (arrivalMs.length > 0) engine.at(arrivalMs[0] as number, arrive);
  for (let bucket = 0; bucket < buckets; bucket++) {
    engine.run((bucket + 1) * BUCKET_MS);
    inFlight[bucket] = origins.reduce((sum, origin) => sum + origin.inFlight, 0);
  }
  engine.run(lengthMs + 60_000);
  return {
    arrivalMs,
    latencyMs,
    outcome,
    picks,
    answered,
    inFlight,
    events,
    attempts: edges.reduce((sum, edge) => sum + edge.attempts, 0),
    hedges: edges.reduce((sum, edge) => sum + edge.hedges, 0),
    accepted,
  };
}

function usedBy(
  edge: number,
  origins: readonly Origin[],
  subsetSize = origins.length,
): readonly Origin[] {
  const keys = origins.map(({ plan }) => plan.key);
  const used = new Set(rendezvousSubset(keys, subsetSize, `edge-${edge}`));
  return origins.filter(({ plan }) => used.has(plan.key));
}

/** One worker of a run: begins its share of the flows, and reports every second. */
import { Arrivals } from './arrivals.ts';
import { createFlowChoice } from './flow-choice.ts';
import { HealthMonitor } from './health.ts';
import { HoldDriver } from './hold-driver.ts';
import type { LoadDriver } from './load-driver.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { OpenDriver, type OpenDriverOptions, type WeightedFlow } from './open-driver.ts';
import { IdleConnections } from './plain/idle-connections.ts';
import { SourcePorts } from './plain/source-ports.ts';
import { Recording } from './recording.ts';
import type { Scenario } from './scenario.ts';
import { createTargetGuard } from './target-guard.ts';
import { TraceArrivals } from './trace-arrivals.ts';
import { UsersDriver } from './users-driver.ts';
import { addressOf, createWorkerFlows, scenarioOf, type WorkerFlows } from './worker-flows.ts';

type Prepare = Extract<ToWorker, { kind: 'prepare' }>;

const SLICE_MS = 1_000;

/** Beyond the time limit of requests, for what flows do around them. */
const GRACE_MS = 1_000;

/** How often it looks whether the last requests have ended. */
const ENDING_MS = 20;

export class Worker {
  readonly #order: Prepare;
  readonly #recording: Recording;
  readonly #flows: WorkerFlows;
  readonly #send: (message: FromWorker) => void;
  readonly #abort: AbortController;
  readonly #idle: IdleConnections | undefined;
  readonly #health = new HealthMonitor();
  #driver: LoadDriver | undefined;
  #originMs = 0;
  #reported = 0;
  #reporting: NodeJS.Timeout | undefined;
  #ending: NodeJS.Timeout | undefined;
  #isEnding = false;

  private constructor(
    order: Prepare,
    recording: Recording,
    flows: WorkerFlows,
    idle: IdleConnections | undefined,
    abort: AbortController,
    send: (message: FromWorker) => void,
  ) {
    this.#order = order;
    this.#recording = recording;
    this.#flows = flows;
    this.#idle = idle;
    this.#abort = abort;
    this.#send = send;
  }

  /** Rejects when the scenario or the target is not what it should be. */
  static async prepare(order: Prepare, send: (message: FromWorker) => void): Promise<Worker> {
    const { plan, data, part } = order;
    const { source, model } = plan;
    const scenario = source.kind === 'scenario' ? await load(source.file) : scenarioOf(plan);
    const recording = new Recording(now, plan.timeoutMs);
    const abort = new AbortController();
    const flows = await createWorkerFlows({
      plan,
      scenario: scenario as NonNullable<typeof scenario>,
      data,
      part,
      recording,
      now,
      signal: abort.signal,
    });
    const idle =
      model.kind === 'hold' && model.isIdle ? await createIdle(order, recording, flows) : undefined;
    return new Worker(order, recording, flows, idle, abort, send);
  }

  /** Begins the run at this time of the epoch. */
  start(epochMs: number): void {
    this.#originMs = epochMs - performance.timeOrigin;
    this.#health.take();
    // At once, since the load may be changed before its first moment.
    this.#driver = this.#createDriver();
    setTimeout(() => this.#begin(), Math.max(0, this.#originMs - now()));
  }

  scaleFrom(fromMs: number, scale: number): void {
    this.#driver?.scaleFrom(fromMs, scale);
  }

  /** Begins nothing more, and ends when all in flight have ended or their time is over. */
  stop(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#driver?.stop();
    const isHeld = this.#order.plan.model.kind === 'hold';
    const untilMs = isHeld ? now() : now() + this.#order.plan.timeoutMs + GRACE_MS;
    clearTimeout(this.#ending);
    this.#ending = setInterval(() => {
      if (this.#recording.inFlight > 0 && now() < untilMs) return;
      clearInterval(this.#ending);
      void this.#end();
    }, ENDING_MS);
  }

  #begin(): void {
    if (this.#isEnding) return;
    this.#driver?.start();
    this.#awaitReport();
    this.#ending = setTimeout(() => this.stop(), this.#order.plan.durationMs);
  }

  #awaitReport(): void {
    const dueMs = this.#originMs + (this.#reported + 1) * SLICE_MS;
    this.#reporting = setTimeout(
      () => {
        this.#report();
        this.#awaitReport();
      },
      Math.max(1, dueMs - now()),
    );
  }

  /** Everything since the last report, as that of the second that has just ended. */
  #report(): void {
    const elapsed = Math.round((now() - this.#originMs) / SLICE_MS);
    const index = Math.max(this.#reported, elapsed - 1);
    this.#reported = index + 1;
    const users = this.#driver?.users ?? 0;
    const health = this.#health.take();
    const report = { index, users, health, ...this.#recording.take() };
    this.#send({ kind: 'report', report });
  }

  async #end(): Promise<void> {
    this.#abort.abort();
    await this.#flows.close();
    clearTimeout(this.#reporting);
    this.#health.stop();
    this.#report();
    this.#send({ kind: 'done', problems: this.#flows.problems() });
  }

  #createDriver(): LoadDriver {
    const { plan, part, parts } = this.#order;
    const { model, seed, durationMs, maxInFlight } = plan;
    const { flows, weights, userAt } = this.#flows;
    const choose = createFlowChoice(weights, seed);
    const originMs = this.#originMs;
    const open = (arrivals: OpenDriverOptions['arrivals']) =>
      new OpenDriver({
        arrivals,
        flows,
        choose,
        userAt,
        recording: this.#recording,
        maxInFlight: Math.ceil(maxInFlight / parts),
        durationMs,
        originMs,
        now,
      });
    switch (model.kind) {
      case 'open':
        return open(
          new Arrivals({ knots: model.knots, spacing: model.spacing, seed, part, parts }),
        );
      case 'trace':
        return open(new TraceArrivals(model.timesMs, part, parts));
      case 'users': {
        const { knots, thinkMs } = model;
        return new UsersDriver({
          knots,
          thinkMs,
          flows,
          choose,
          userAt,
          seed,
          part,
          parts,
          originMs,
          now,
        });
      }
      case 'hold': {
        const { flow } = flows[0] as WeightedFlow;
        const count = shareOf(model.count, part, parts);
        return new HoldDriver({
          count,
          held: this.#idle ? { connections: this.#idle } : { flow },
          now,
        });
      }
    }
  }
}

/** Imported where it is needed: most of the start-up time of a worker is that of its modules. */
async function load(file: string): Promise<Scenario> {
  const { loadScenario } = await import('./scenario-file.ts');
  return loadScenario(file);
}

function now(): number {
  return performance.now();
}

async function createIdle(
  { plan, part, parts }: Prepare,
  recording: Recording,
  { flows }: WorkerFlows,
): Promise<IdleConnections> {
  const target = new URL(plan.target);
  return new IdleConnections({
    host: await addressOf(target, createTargetGuard({ ownedHosts: plan.ownedHosts })),
    port: Number(target.port || 80),
    recording,
    series: (flows[0] as WeightedFlow).series,
    now,
    sources: new SourcePorts(plan.transport.sourceAddresses, part, parts),
    maxConnecting: 256,
  });
}

function shareOf(count: number, part: number, parts: number): number {
  return Math.floor(count / parts) + (part < count % parts ? 1 : 0);
}

/**
 * The control plane of one edge: what was configured, what discovery has found, what operators have
 * decided. Every change goes the same way: checked, laid together to one effective configuration,
 * taken by every process or by none, noted. Such changes happen one after another.
 */
import { formatProblems, type Loaded } from '@headgate/config';
import { type Logger, MergedMetrics, type MetricFamily, renderFamilies } from '@headgate/telemetry';
import type { CacheStatus } from '../admin/cache.ts';
import type { ServiceStatus } from '../admin/services.ts';
import type { EffectiveConfig, ProxyConfig } from '../config.ts';
import type { Found } from '../discovery/expand.ts';
import type { Schedule } from '../discovery/kept.ts';
import type { PurgeOrder } from '../edge-cache/purge-order.ts';
import type { ChangeResult, Control, ControlStatus, WorkerReport } from './control-api.ts';
import type { ControlMetrics } from './control-metrics.ts';
import { describeChanges, diffConfigs } from './diff.ts';
import { effectiveConfig, workerCount } from './effective.ts';
import type { Fleet } from './fleet.ts';
import { mergeCaches } from './merge-cache.ts';
import { mergeServices } from './merge-services.ts';
import {
  type KnownUpstreams,
  type ListedOperatorEntry,
  listEntries,
  type OperatorChange,
  type OperatorState,
  operate,
} from './operator.ts';
import { type PurgeResult, purgeFleet } from './purge.ts';
import { keysOf } from './upstream-keys.ts';

export interface ControlDeps {
  readonly file: string;
  readonly version: string;
  readonly pid: number;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Wall clock in milliseconds since 1970. */
  readonly epochMs: () => number;
  readonly load: () => Promise<Loaded<ProxyConfig>>;
  readonly log: Logger;
  readonly metrics: ControlMetrics;
  /** In place of the configured number. */
  readonly workers: number | undefined;
  /** Made before this control plane was there. */
  readonly decisions?: Decisions | undefined;
  /** What else a configuration is taken to mean, such as where the admin listener is. */
  readonly follow: (before: ProxyConfig, after: ProxyConfig) => Promise<Followed>;
  readonly schedule: Schedule;
  /** One line for people, where the process writes to. */
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** Something opened for a new configuration: kept when it is in force, put back when it is not. */
export interface Followed {
  /** What discovery knows of its names. */
  readonly found: Found;
  keep(): Promise<void>;
  putBack(): Promise<void>;
}

/** What operators have decided, as plain data: it goes along to a successor. */
export interface Decisions {
  readonly operator: OperatorState;
  readonly workers: number;
}

/** Everything that decides what runs. */
interface Intent {
  readonly config: ProxyConfig;
  readonly found: Found;
  readonly operator: OperatorState;
  readonly workers: number;
}

/** Until what discovery found is tried again: about as long as a worker may keep silent. */
const RETRY_FOUND_MS = 5_000;

const NO_FLEET: Fleet = {
  list: () => [],
  ask: async () => [],
  restart: async () => ({ ok: true }),
  scale: async () => ({ ok: true }),
  configure: () => {},
};

export class ControlPlane implements Control {
  readonly #deps: ControlDeps;
  readonly #startedAt: number;
  readonly #merged = new MergedMetrics();
  #intent: Intent;
  /** The latest that discovery knows, be it in force or not yet. */
  #newest: Found;
  #effective: EffectiveConfig;
  #fleet: Fleet = NO_FLEET;
  #generation = 1;
  #loadedAt: number;
  #lastRefusal: ControlStatus['config']['lastRefusal'];
  #isReady = false;
  #isDraining = false;
  #changes: Promise<unknown> = Promise.resolve();
  /** What the file last scaled to. */
  #workersInFile: number;

  constructor(config: ProxyConfig, deps: ControlDeps, found: Found = new Map()) {
    this.#deps = deps;
    this.#startedAt = deps.epochMs();
    this.#loadedAt = this.#startedAt;
    const { operator = [], workers = deps.workers ?? workerCount(config) } = deps.decisions ?? {};
    this.#intent = { config, found, operator, workers };
    this.#workersInFile = workerCount(config);
    this.#newest = found;
    this.#effective = effectiveConfig(this.#intent);
  }

  /** What a process that starts now is to run. */
  get effective(): EffectiveConfig {
    return this.#effective;
  }

  /** Counts the effective configurations, so that who started with an older one can be told. */
  get generation(): number {
    return this.#generation;
  }

  get decisions(): Decisions {
    const { operator, workers } = this.#intent;
    return { operator, workers };
  }

  get workersAsked(): number {
    return this.#intent.workers;
  }

  /** From now on `fleet` serves. */
  attach(fleet: Fleet): void {
    this.#fleet = fleet;
    this.#isReady = true;
  }

  /** Says no to balancers that ask; what is served goes on. */
  drain(): void {
    this.#isDraining = true;
  }

  /** The last word of a worker that is about to go. */
  workerCounted(worker: number, families: readonly MetricFamily[]): void {
    this.#merged.answered(worker, families);
  }

  /** A worker has gone; what it counted stays counted. */
  workerLeft(worker: number): void {
    this.#merged.left(worker);
  }

  /** `worker` started with what was in force at `generation`; brings it up to date. */
  catchUp(worker: number, generation: number): void {
    void this.#queue(async () => {
      if (generation === this.#generation) return;
      const [answer] = await this.#fleet.ask('apply', this.#effective, worker);
      if (!answer || answer.ok || !this.#isServing(worker)) return;
      const why = answer.message;
      this.#deps.log.error('a worker has not taken the configuration in force', { worker, why });
    });
  }

  /** Resolves when the changes asked for so far are over. */
  async settled(): Promise<void> {
    await this.#changes;
  }

  isReady(): boolean {
    return this.#isReady && !this.#isDraining && this.#readyWorkers() > 0;
  }

  config(): ProxyConfig {
    return this.#intent.config;
  }

  status(): ControlStatus {
    const { file, version, pid } = this.#deps;
    return {
      version,
      pid,
      startedAt: this.#startedAt,
      config: {
        file,
        loadedAt: this.#loadedAt,
        generation: this.#generation,
        ...(this.#lastRefusal && { lastRefusal: this.#lastRefusal }),
      },
      workers: { asked: this.#intent.workers, ready: this.#readyWorkers() },
      isDraining: this.#isDraining,
    };
  }

  workers(): readonly WorkerReport[] {
    return this.#fleet.list();
  }

  async services(): Promise<{ services: readonly ServiceStatus[] }> {
    const answers = await this.#fleet.ask('services');
    return {
      services: mergeServices(
        answers.flatMap((answer) =>
          answer.ok
            ? [{ worker: answer.worker, services: answer.body as readonly ServiceStatus[] }]
            : [],
        ),
      ),
    };
  }

  async cache(): Promise<CacheStatus> {
    const answers = await this.#fleet.ask('cache');
    return mergeCaches(answers.flatMap((each) => (each.ok ? [each.body as CacheStatus] : [])));
  }

  async metrics(): Promise<string> {
    for (const answer of await this.#fleet.ask('metrics')) {
      if (answer.ok) this.#merged.answered(answer.worker, answer.body as readonly MetricFamily[]);
    }
    this.#deps.metrics.observe(this.status(), this.workers());
    return renderFamilies(this.#merged.families(this.#deps.metrics.read()));
  }

  operatorEntries(): readonly ListedOperatorEntry[] {
    return listEntries(this.#intent.operator, this.#known());
  }

  reload(): Promise<ChangeResult> {
    return this.#queue(async () => {
      const result = await this.#reload();
      this.#deps.metrics.reloaded(result.ok ? 'applied' : 'refused');
      if (!result.ok) {
        this.#refused(result.why);
        return result;
      }
      const scaled = await this.#scaleToFile();
      this.#deps.print('reloaded');
      if (scaled.ok) return result;
      const why = `the new configuration is in force, but not its number of workers: ${scaled.why}`;
      this.#deps.complain(why);
      return { ...scaled, why };
    });
  }

  /**
   * Beside the other changes: workers take as long to leave as what they serve, and neither an
   * operator nor discovery is to wait for that. Workers that start meanwhile are brought up to date.
   */
  async restart(): Promise<ChangeResult> {
    const result = await this.#fleet.restart();
    if (!result.ok) return { ok: false, status: 409, why: result.why };
    return { ok: true, changed: ['every worker was replaced'] };
  }

  scale(workers: number): Promise<ChangeResult> {
    return this.#queue(() => this.#scale(workers));
  }

  operate(change: OperatorChange): Promise<ChangeResult> {
    return this.#queue(async () => {
      const result = operate(this.#intent.operator, change, this.#known());
      if (!result.ok || result.changed.length === 0) return result;
      const swapped = await this.#swap({ operator: result.state });
      return swapped.ok ? { ok: true, changed: result.changed } : swapped;
    });
  }

  purge(order: PurgeOrder): Promise<PurgeResult> {
    return purgeFleet(this.#fleet, order);
  }

  /** Discovery knows something new. */
  discovered(found: Found): void {
    this.#newest = found;
    void this.#queue(() => this.#use(found));
  }

  /** Discovery says everything once: what cannot be put in force is tried again until it can. */
  async #use(found: Found): Promise<void> {
    if (found !== this.#newest || this.#isDraining) return;
    const result = await this.#swap({ found });
    if (result.ok) return;
    this.#deps.log.error('what discovery found is not in use yet', { why: result.why });
    this.#deps.schedule(RETRY_FOUND_MS, () => void this.#queue(() => this.#use(found)));
  }

  async #reload(): Promise<ChangeResult> {
    const loaded = await this.#deps.load();
    if (!loaded.ok) return { ok: false, status: 422, why: `\n${formatProblems(loaded.problems)}` };
    const before = this.#intent.config;
    const { config } = loaded;
    let followed: Followed;
    try {
      followed = await this.#deps.follow(before, config);
    } catch (error) {
      return { ok: false, status: 409, why: reasonOf(error) };
    }
    const older = this.#newest;
    const result = await this.#swap({ config, found: followed.found });
    if (!result.ok) {
      await followed.putBack();
      return result;
    }
    if (this.#newest === older) this.#newest = followed.found;
    await followed.keep();
    this.#fleet.configure(config);
    this.#loadedAt = this.#deps.epochMs();
    this.#lastRefusal = undefined;
    return { ok: true, changed: describeChanges(diffConfigs(before, config)) };
  }

  /** What operators have scaled to stays until the file says something else. */
  async #scaleToFile(): Promise<ChangeResult> {
    const workers = workerCount(this.#intent.config);
    if (workers === this.#workersInFile) return { ok: true, changed: [] };
    const scaled = await this.#scale(workers);
    if (scaled.ok) this.#workersInFile = workers;
    return scaled;
  }

  async #scale(workers: number): Promise<ChangeResult> {
    const before = this.#intent.workers;
    if (workers === before) return { ok: true, changed: [] };
    this.#intent = { ...this.#intent, workers };
    const scaled = await this.#fleet.scale(workers);
    if (!scaled.ok) {
      this.#intent = { ...this.#intent, workers: before };
      return { ok: false, status: 409, why: scaled.why };
    }
    // Each worker's part of the limits is another one now.
    const swapped = await this.#swap({});
    return swapped.ok ? { ok: true, changed: [`workers: ${before} → ${workers}`] } : swapped;
  }

  /** Puts a new intent in force everywhere, or leaves the old one everywhere. */
  async #swap(change: Partial<Intent>): Promise<ChangeResult> {
    const next = { ...this.#intent, ...change };
    const before = this.#effective;
    const effective = effectiveConfig(next);
    const refusal = await this.#apply(effective);
    if (refusal !== undefined) {
      await this.#apply(before);
      return { ok: false, status: 409, why: refusal };
    }
    this.#deps.log.setLevel(next.config.logLevel);
    this.#intent = next;
    this.#effective = effective;
    this.#generation++;
    return { ok: true, changed: [] };
  }

  async #apply(effective: EffectiveConfig): Promise<string | undefined> {
    const answers = await this.#fleet.ask('apply', effective);
    for (const answer of answers) {
      // One that died meanwhile has a successor, which starts with what is in force then.
      if (!answer.ok && this.#isServing(answer.worker)) return answer.message;
    }
    return undefined;
  }

  #refused(why: string): void {
    this.#lastRefusal = { at: this.#deps.epochMs(), why: why.trim() };
    const place = why.startsWith('\n') ? '' : ' ';
    this.#deps.complain(`reload refused, the old configuration stays:${place}${why}`);
  }

  #isServing(worker: number): boolean {
    return this.#fleet.list().some(({ id, state }) => id === worker && state === 'ready');
  }

  #readyWorkers(): number {
    return this.#fleet.list().filter(({ state }) => state === 'ready').length;
  }

  #known(): KnownUpstreams {
    return keysOf(this.#effective);
  }

  /** One change after another. */
  #queue<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#changes.then(act);
    this.#changes = turn.catch(() => {});
    return turn;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A run: its workers, its clock, what is done to it from outside, and what comes of it. */
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { type Knot, levelAt } from './knots.ts';
import type { Control, LiveRun, RunEvent, RunHeader, RunState } from './live-run.ts';
import { loadText } from './load-text.ts';
import { Merge } from './merge.ts';
import type { FromWorker, Problem } from './messages.ts';
import type { Plan } from './plan.ts';
import { RESULT_VERSION, type RunResult, type Slice } from './result.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

export interface RunOptions {
  readonly plan: Plan;
  /** Names of flows, in the order of the scenario. */
  readonly flows: readonly string[];
  /** What `setup` of the scenario returned. */
  readonly data: unknown;
  readonly metrics: () => Readonly<Record<string, number>>;
}

export interface Outcome {
  readonly result: Omit<RunResult, 'thresholds'>;
  readonly problems: readonly Problem[];
}

/** Between the order and the start, for all workers to have heard it. */
const START_DELAY_MS = 100;

/** A change takes effect a little later, at the same time in all workers. */
const CHANGE_DELAY_MS = 100;

/** Of a second, to know what was asked in it on average. */
const SAMPLES = 20;

const NO_KNOTS: readonly Knot[] = [{ atMs: 0, level: 0 }];

export class Run implements LiveRun {
  readonly header: RunHeader;
  readonly slices: Slice[] = [];
  result: RunResult | undefined;
  readonly #options: RunOptions;
  readonly #workers: WorkerProcess[];
  readonly #merge: Merge;
  readonly #watchers = new Set<(event: RunEvent) => void>();
  readonly #interventions: string[] = [];
  readonly #problems: Problem[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #status: RunState['status'] = 'starting';
  #startedMs = 0;
  #scale = 1;
  /** What workers were told, to know what was asked of which second. */
  readonly #scales: { readonly fromMs: number; readonly scale: number }[] = [];
  #readyCount = 0;
  #doneCount = 0;
  #end: RunResult['end'] = 'complete';
  #problem: string | null = null;
  /** Length of the load, when it was stopped before its time. */
  #stoppedAtMs: number | undefined;

  constructor(options: RunOptions) {
    const { plan } = options;
    this.#options = options;
    this.header = {
      name: plan.name,
      load: loadText(plan),
      target: plan.target,
      seed: plan.seed,
      startedAt: new Date().toISOString(),
      durationMs: plan.durationMs,
      machine: machineText(),
      flows: options.flows,
      unit: UNITS[plan.model.kind],
      canScale: plan.model.kind === 'open' || plan.model.kind === 'users',
    };
    this.#merge = new Merge({
      workers: plan.workers,
      isOpen: plan.model.kind === 'open' || plan.model.kind === 'trace',
      askedPerS: (startMs) => this.#askedPerS(startMs),
      metrics: options.metrics,
      onSlice: (slice) => {
        this.slices.push(slice);
        this.#tell({ kind: 'slice', slice });
        this.#tell({ kind: 'state', state: this.state });
      },
    });
    this.#workers = Array.from({ length: plan.workers }, (_, part) =>
      startWorkerProcess({
        onMessage: (message) => this.#heard(part, message),
        onExit: (how) => this.#exited(part, how),
      }),
    );
  }

  get state(): RunState {
    return {
      status: this.#status,
      elapsedMs: this.#elapsedMs(),
      level: this.#levelAt(this.#elapsedMs()) * (this.#status === 'paused' ? 0 : this.#scale),
      scale: this.#scale,
    };
  }

  /** Runs to the end; resolves also when it was stopped or has failed, which the result tells. */
  async complete(): Promise<Outcome> {
    const { plan, data } = this.#options;
    const parts = plan.workers;
    for (const [part, worker] of this.#workers.entries()) {
      worker.send({ kind: 'prepare', plan, data, part, parts });
    }
    await this.#ended.promise;
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    this.#merge.end();
    this.#status = 'ended';
    const durationMs = this.#stoppedAtMs ?? plan.durationMs;
    const { name, load, target, seed, startedAt, machine } = this.header;
    const result = {
      version: RESULT_VERSION,
      name,
      load,
      target,
      seed,
      startedAt,
      durationMs,
      machine,
      end: this.#end,
      problem: this.#problem,
      totals: this.#merge.totals(durationMs),
      series: this.#merge.series(),
      slices: this.slices,
      interventions: this.#interventions,
    } as const;
    return { result, problems: this.#problems };
  }

  /** Tells watchers the result, once it has been judged. */
  announce(result: RunResult): void {
    this.result = result;
    this.#tell({ kind: 'state', state: this.state });
    this.#tell({ kind: 'end', result });
  }

  /** Stops the load; the second time, also the wait for what is in flight. */
  interrupt(): void {
    if (this.#status === 'ending')
      this.#failed('interrupted before all requests in flight had ended');
    else this.control({ kind: 'stop' });
  }

  watch(listener: (event: RunEvent) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  control(control: Control): void {
    const isRunning = this.#status === 'running' || this.#status === 'paused';
    if (control.kind === 'stop') {
      if (isRunning || this.#status === 'starting') this.#stop();
      return;
    }
    if (!isRunning) throw new TypeError(`the run is ${this.#status}: nothing can be changed`);
    if (this.#options.plan.model.kind === 'hold') {
      throw new TypeError('held connections cannot be changed or paused, only stopped');
    }
    if (control.kind === 'pause' || control.kind === 'resume') {
      this.#pause(control.kind === 'pause');
    } else {
      this.#rescale(control.kind === 'scale' ? control.scale : this.#scaleFor(control.level));
    }
  }

  #pause(isPaused: boolean): void {
    if ((this.#status === 'paused') === isPaused) return;
    this.#status = isPaused ? 'paused' : 'running';
    this.#intervene(isPaused ? 'paused' : 'resumed');
    this.#sendScale();
  }

  #rescale(scale: number): void {
    if (!this.header.canScale)
      throw new TypeError('a trace has its own pace: it can be paused, not scaled');
    if (!(scale >= 0 && scale <= 1_000)) {
      throw new TypeError(`the load can be multiplied by 0 to 1000, not by ${scale}`);
    }
    this.#scale = scale;
    const level = this.#levelAt(this.#elapsedMs()) * scale;
    this.#intervene(
      `${this.header.unit === 'users' ? 'users' : 'rate'} set to ${Math.round(level)}`,
    );
    if (this.#status !== 'paused') this.#sendScale();
  }

  #scaleFor(level: number): number {
    const now = this.#levelAt(this.#elapsedMs());
    if (now <= 0) throw new TypeError('the profile is at 0 now: there is nothing to multiply');
    return level / now;
  }

  #sendScale(): void {
    const fromMs = this.#elapsedMs() + CHANGE_DELAY_MS;
    const scale = this.#status === 'paused' ? 0 : this.#scale;
    this.#scales.push({ fromMs, scale });
    for (const worker of this.#workers) worker.send({ kind: 'scale', fromMs, scale });
    this.#tell({ kind: 'state', state: this.state });
  }

  #intervene(what: string): void {
    this.#interventions.push(`${(this.#elapsedMs() / 1_000).toFixed(1)} s: ${what}`);
  }

  #stop(): void {
    this.#end = 'stopped';
    this.#intervene('stopped');
    this.#stoppedAtMs = this.#elapsedMs();
    const wasStarting = this.#status === 'starting';
    this.#status = 'ending';
    this.#tell({ kind: 'state', state: this.state });
    if (wasStarting) this.#ended.resolve();
    else for (const worker of this.#workers) worker.send({ kind: 'stop' });
  }

  #heard(part: number, message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.#readyCount++;
        if (this.#readyCount === this.#workers.length) this.#start();
        break;
      case 'report':
        this.#merge.add(part, message.report);
        if (this.#status !== 'ending' && this.#elapsedMs() >= this.header.durationMs) {
          this.#status = 'ending';
        }
        break;
      case 'done':
        this.#problems.push(...message.problems);
        this.#doneCount++;
        if (this.#doneCount === this.#workers.length) this.#ended.resolve();
        break;
      case 'failed':
        this.#failed(message.message);
        break;
    }
  }

  #start(): void {
    if (this.#status !== 'starting') return;
    const epochMs = performance.timeOrigin + performance.now() + START_DELAY_MS;
    this.#startedMs = epochMs - performance.timeOrigin;
    this.#status = 'running';
    for (const worker of this.#workers) worker.send({ kind: 'start', epochMs });
    this.#tell({ kind: 'state', state: this.state });
  }

  #exited(part: number, how: string): void {
    if (this.#status === 'ended' || this.#doneCount === this.#workers.length) return;
    this.#failed(`worker ${part + 1} of ${this.#workers.length} ended before the run did (${how})`);
  }

  #failed(message: string): void {
    if (this.#problem === null) this.#problem = message;
    this.#end = 'failed';
    this.#stoppedAtMs ??= this.#elapsedMs();
    this.#ended.resolve();
  }

  #elapsedMs(): number {
    if (this.#startedMs === 0) return 0;
    return Math.max(0, performance.now() - this.#startedMs);
  }

  #levelAt(atMs: number): number {
    const { model } = this.#options.plan;
    if (model.kind === 'hold') return model.count;
    return levelAt('knots' in model ? model.knots : NO_KNOTS, atMs);
  }

  #askedPerS(startMs: number): number | null {
    const { model, durationMs } = this.#options.plan;
    if (model.kind !== 'open' && model.kind !== 'trace') return null;
    if (startMs >= (this.#stoppedAtMs ?? durationMs)) return 0;
    if (model.kind === 'trace') {
      return model.timesMs.filter((one) => one >= startMs && one < startMs + 1_000).length;
    }
    let sum = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const atMs = startMs + ((i + 0.5) / SAMPLES) * 1_000;
      const scale = this.#scales.findLast((one) => one.fromMs <= atMs)?.scale ?? 1;
      sum += levelAt(model.knots, atMs) * scale;
    }
    return sum / SAMPLES;
  }

  #tell(event: RunEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}

const UNITS = { open: 'per second', trace: 'per second', users: 'users', hold: 'held' } as const;

function machineText(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  return `${availableParallelism()} cores (${model}), ${platform()} ${arch()}, Node ${process.version}`;
}

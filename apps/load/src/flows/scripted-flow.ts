/** A flow that is a function of the scenario. */
import type { Recorder } from '../recorder.ts';
import type { FlowContext, Random } from '../scenario.ts';
import type { TargetGuard } from '../target-guard.ts';
import { type FlowProblem, FlowProblems } from './flow-problems.ts';
import { FlowRun, type FlowRunParts } from './flow-run.ts';
import { createHttpClient } from './http-client.ts';
import type { FlowOwner, RunningFlow } from './running-flow.ts';

export interface ScriptedFlowOptions {
  /** The flow's key in the scenario. */
  readonly name: string;
  readonly run: (context: FlowContext) => Promise<void>;
  readonly data: unknown;
  readonly random: Random;
  readonly target: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Time limit of each request. */
  readonly timeoutMs: number;
  readonly http2: boolean;
  readonly recorder: Recorder;
  readonly guard: TargetGuard;
  /** Aborted when the run is over and its grace has passed. */
  readonly signal: AbortSignal;
}

/** How long the flow's code may take to end after the signal. */
const UNWIND_MS = 1_000;

export class ScriptedFlow implements RunningFlow {
  readonly #parts: FlowRunParts;
  #unwinding: NodeJS.Timeout | undefined;

  constructor(options: ScriptedFlowOptions) {
    const { name, recorder } = options;
    this.#parts = {
      ...options,
      series: recorder.series(name, 'scripted'),
      client: createHttpClient({ ...options, series: name }),
      problems: new FlowProblems(),
      runs: new Set(),
    };
    options.signal.addEventListener('abort', this.#aborted, { once: true });
  }

  begin(intendedMs: number, owner: FlowOwner, user: unknown): void {
    void new FlowRun(this.#parts, intendedMs, owner).begin(user);
  }

  /** What the flow's own code threw; at most 20 different messages, first things first. */
  problems(): readonly FlowProblem[] {
    return this.#parts.problems.list();
  }

  async close(): Promise<void> {
    this.#parts.signal.removeEventListener('abort', this.#aborted);
    clearTimeout(this.#unwinding);
    this.#giveUp();
    await this.#parts.client.close();
  }

  readonly #aborted = (): void => {
    if (this.#parts.runs.size > 0) this.#unwinding = setTimeout(this.#giveUp, UNWIND_MS);
  };

  readonly #giveUp = (): void => {
    for (const run of this.#parts.runs) run.giveUp();
  };
}

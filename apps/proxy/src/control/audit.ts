/** Who changed what on a running edge, and who tried: the latest in memory, all of it in the log. */
import type { Logger } from '@headgate/telemetry';
import type { Actor, ChangeResult, Control } from './control-api.ts';
import type { OperatorChange } from './operator.ts';
import { describeOrder } from './purge.ts';

/** One change, or attempt at one. */
export interface AuditEntry {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly actor: Actor;
  /** `reload`, `drain`, … */
  readonly action: string;
  /** What it was done to: `items http://10.0.0.1:4001`; empty for the whole edge. */
  readonly target: string;
  /** `unchanged`: it was so already; `failed`: allowed, but the edge could not do it. */
  readonly result: 'done' | 'unchanged' | 'refused' | 'failed';
  /** What is different now. */
  readonly changed?: readonly string[];
  /** Of what was refused or has failed. */
  readonly why?: string;
}

export interface Audit {
  record(entry: Omit<AuditEntry, 'at'>): void;
  /** Notes a request with a token that is not the right one. */
  wrongToken(actor: Actor, target: string): void;
  /** The latest, oldest first. */
  readonly entries: readonly AuditEntry[];
}

export interface AuditDeps {
  /** Called `audit`, so that its lines can be told from others. */
  readonly log: Pick<Logger, 'info'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const KEPT_ENTRIES = 256;

/** Wrong tokens within this are one entry, or guessing would push everything else out. */
const GUESSES_WINDOW_MS = 60_000;

/** An empty record. */
export function createAudit({ log, now }: AuditDeps): Audit {
  const entries: AuditEntry[] = [];
  let guesses = { sinceMs: Number.NEGATIVE_INFINITY, count: 0 };

  const keep = (entry: AuditEntry) => {
    entries.push(entry);
    if (entries.length > KEPT_ENTRIES) entries.shift();
  };
  const write = (entry: AuditEntry) => log.info(describeEntry(entry), entry);

  return {
    entries,
    record(entry) {
      const dated = { at: now(), ...entry };
      keep(dated);
      write(dated);
    },
    wrongToken(actor, target) {
      const at = now();
      const isNew = at - guesses.sinceMs >= GUESSES_WINDOW_MS;
      guesses = isNew ? { sinceMs: at, count: 1 } : { ...guesses, count: guesses.count + 1 };
      const { count, sinceMs } = guesses;
      const seconds = Math.ceil((at - sinceMs) / 1_000);
      const why = count === 1 ? 'wrong token' : `${count} wrong tokens within ${seconds} s`;
      const entry = { at, actor, action: 'authorize', target, result: 'refused', why } as const;
      const before = isNew ? -1 : entries.findLastIndex((each) => each.action === 'authorize');
      if (before >= 0) entries.splice(before, 1);
      keep(entry);
      if (isPowerOfTen(count)) write(entry);
    },
  };
}

/** The same control, but every change that is asked of it is recorded, whoever asks. */
export function auditedControl(control: Control, audit: Audit): Control {
  const recorded = async <R extends ChangeResult>(
    { actor, action, target }: Pick<AuditEntry, 'actor' | 'action' | 'target'>,
    act: () => Promise<R>,
  ): Promise<R> => {
    try {
      const result = await act();
      audit.record({ actor, action, target, ...outcomeOf(result) });
      return result;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      audit.record({ actor, action, target, result: 'failed', why });
      throw error;
    }
  };
  return {
    status: () => control.status(),
    workers: () => control.workers(),
    services: () => control.services(),
    cache: () => control.cache(),
    metrics: () => control.metrics(),
    isReady: () => control.isReady(),
    config: () => control.config(),
    operatorEntries: () => control.operatorEntries(),
    reload: (actor) =>
      recorded({ actor, action: 'reload', target: '' }, () => control.reload(actor)),
    restart: (actor) =>
      recorded({ actor, action: 'restart', target: '' }, () => control.restart(actor)),
    scale: (workers, actor) =>
      recorded({ actor, action: 'scale', target: `${workers} workers` }, () =>
        control.scale(workers, actor),
      ),
    operate: (change, actor) =>
      recorded({ actor, ...operated(change) }, () => control.operate(change, actor)),
    purge: (order, actor) =>
      recorded({ actor, action: 'purge', target: describeOrder(order) }, () =>
        control.purge(order, actor),
      ),
  };
}

function operated(change: OperatorChange): { action: string; target: string } {
  const target = `${change.service} ${change.upstream}`;
  if (change.action !== 'weight') return { action: change.action, target };
  return { action: `weight ${change.weight ?? 'default'}`, target };
}

function outcomeOf(result: ChangeResult): Pick<AuditEntry, 'result' | 'changed' | 'why'> {
  if (!result.ok)
    return { result: result.status < 500 ? 'refused' : 'failed', why: result.why.trim() };
  const { changed } = result;
  return changed.length > 0 ? { result: 'done', changed } : { result: 'unchanged' };
}

function describeEntry({ actor, action, target, result, why }: AuditEntry): string {
  const what = target === '' ? action : `${action} ${target}`;
  return `${actor}: ${what}: ${result}${why === undefined ? '' : `: ${why}`}`;
}

function isPowerOfTen(count: number): boolean {
  return /^10*$/.test(String(count));
}

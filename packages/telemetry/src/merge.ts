/** The metrics of several workers as if they were one process that is never restarted. */
import { type GaugePart, mergeGauges } from './merge-gauges.ts';
import { addUp, notFalling, type TallyFamily, whicheverIsMore } from './merge-tallies.ts';
import type { MetricFamily } from './metric-family.ts';

/** How many workers that have left are remembered, so that nothing they said can come late. */
const REMEMBERED_DEPARTURES = 1_000;

/** The metrics the merging process has itself, told apart from workers by `each`. */
const OWN = 'supervisor';

interface Part {
  readonly worker: string;
  readonly family: MetricFamily;
}

/**
 * Adds up what workers say. Counters and histograms of a worker that has left stay in the sums, as
 * it said them last, so a counter does not fall when a worker is replaced: whoever scrapes it would
 * take that for a reset and count everything again. Gauges go with their worker.
 *
 * Workers of different releases may disagree about the type, the labels or the bounds of a metric.
 * There is no common form for them, so the one of the worker that came last is told, and what was
 * counted in another form is left out until a worker comes that counts in it again.
 */
export class MergedMetrics {
  /** By worker, in the order of their coming. */
  private readonly present = new Map<number, readonly MetricFamily[]>();
  private readonly departures = new Set<number>();
  /** What those that have left counted, by the form it was counted in. */
  private readonly departed = new Map<string, TallyFamily>();
  /** What was told last, by form. */
  private readonly told = new Map<string, TallyFamily>();
  /** The form in which a metric is told, by name; in the order in which they were first seen. */
  private readonly forms = new Map<string, string>();

  /**
   * Takes what a worker says its metrics are. Its ids are never used for another worker; what comes
   * after it has left, or what an earlier answer had counted further, changes nothing.
   */
  answered(worker: number, families: readonly MetricFamily[]): void {
    if (this.departures.has(worker)) return;
    const before = this.present.get(worker);
    this.note(families, before === undefined);
    this.present.set(worker, before ? keepCounts(before, families) : families);
  }

  /** Forgets the gauges of a worker and keeps what it counted up to its last answer. */
  left(worker: number): void {
    this.departures.add(worker);
    for (const oldest of this.departures) {
      if (this.departures.size <= REMEMBERED_DEPARTURES) break;
      this.departures.delete(oldest);
    }
    for (const family of this.present.get(worker) ?? []) {
      if (!isTally(family)) continue;
      const form = formOf(family);
      const before = this.departed.get(form);
      this.departed.set(form, before ? addUp([before, family]) : family);
    }
    this.present.delete(worker);
  }

  /**
   * Everything, in the order in which it was first seen. `own` are the metrics of this process,
   * merged like those of one more worker, called `supervisor` where each is told.
   */
  families(own: readonly MetricFamily[] = []): MetricFamily[] {
    this.note(own, false);
    const parts = this.partsByForm(own);
    const merged: MetricFamily[] = [];
    for (const form of this.forms.values()) {
      const family = this.merge(form, parts.get(form) ?? []);
      if (family) merged.push(family);
    }
    return merged;
  }

  /** Learns of new metrics; of new forms of known ones only from a worker that has just come. */
  private note(families: readonly MetricFamily[], isNewcomer: boolean): void {
    for (const family of families) {
      if (isNewcomer || !this.forms.has(family.name)) this.forms.set(family.name, formOf(family));
    }
  }

  private partsByForm(own: readonly MetricFamily[]): Map<string, Part[]> {
    const parts = new Map<string, Part[]>();
    const add = (worker: string, families: Iterable<MetricFamily>) => {
      for (const family of families) {
        const form = formOf(family);
        const among = parts.get(form);
        if (among) among.push({ worker, family });
        else parts.set(form, [{ worker, family }]);
      }
    };
    add('departed', this.departed.values());
    for (const [worker, families] of this.present) add(String(worker), families);
    add(OWN, own);
    return parts;
  }

  private merge(form: string, parts: readonly Part[]): MetricFamily | undefined {
    const tallies = parts.map(({ family }) => family).filter(isTally);
    if (tallies.length === 0) return mergeGauges(parts.filter(isGaugePart));
    const sum = addUp(tallies);
    const before = this.told.get(form);
    const family = before ? notFalling(before, sum) : sum;
    this.told.set(form, family);
    return family;
  }
}

function isGaugePart(part: Part): part is GaugePart {
  return part.family.type === 'gauge';
}

function isTally(family: MetricFamily): family is TallyFamily {
  return family.type !== 'gauge';
}

/** The families a worker tells now, with what it counted no lower than it once said. */
function keepCounts(
  before: readonly MetricFamily[],
  now: readonly MetricFamily[],
): readonly MetricFamily[] {
  const earlier = new Map(before.filter(isTally).map((family) => [formOf(family), family]));
  const kept = now.map((family) => {
    if (!isTally(family)) return family;
    const form = formOf(family);
    const old = earlier.get(form);
    earlier.delete(form);
    return old ? whicheverIsMore([old, family]) : family;
  });
  return [...kept, ...earlier.values()];
}

/** The same for families whose series can be put together. */
function formOf(family: MetricFamily): string {
  const bounds = family.type === 'histogram' ? family.bounds : [];
  return [family.name, family.type, family.labelNames, bounds].join(' ');
}

/** What a running edge is asked by its control plane, whether that lives in this process or not. */
import type { MetricFamily } from '@headgate/telemetry';
import type { ServiceStatus } from './admin/services.ts';
import type { EffectiveConfig } from './config.ts';
import type { RunningEdge } from './edge.ts';

/** Subjects an edge answers, with what goes in and what comes out. */
export interface Answers {
  apply(config: EffectiveConfig): Promise<void>;
  services(): readonly ServiceStatus[];
  metrics(): readonly MetricFamily[];
}

export type Subject = keyof Answers;

/** Answers for `edge`; whoever asks sees only plain data. */
export function answersOf(edge: RunningEdge): Answers {
  return {
    apply: (config) => edge.apply(config),
    services: () => edge.services(),
    metrics: () => edge.metrics(),
  };
}

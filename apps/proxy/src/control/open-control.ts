/** Builds the control plane of this process, with everything around it. */
import { dirname } from 'node:path';
import type { Loaded } from '@headgate/config';
import { createLogger, type Logger } from '@headgate/telemetry';
import type { ProxyConfig } from '../config.ts';
import { networkDns } from '../discovery/ask-dns.ts';
import { auditedControl, createAudit } from './audit.ts';
import { ControlPlane, type Decisions } from './control.ts';
import type { Control } from './control-api.ts';
import { type ControlMetrics, createControlMetrics } from './control-metrics.ts';
import { Surroundings } from './surroundings.ts';

export interface OpenControlDeps {
  readonly file: string;
  readonly version: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly epochMs: () => number;
  readonly random: () => number;
  readonly load: () => Promise<Loaded<ProxyConfig>>;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly isWatching: boolean;
  /** In place of the configured number. */
  readonly workers: number | undefined;
  /** Those of the supervisor that this one succeeds. */
  readonly decisions?: Decisions | undefined;
}

export interface OpenedControl {
  readonly plane: ControlPlane;
  /** The same, with every change recorded. */
  readonly control: Control;
  readonly surroundings: Surroundings;
  readonly metrics: ControlMetrics;
  readonly log: Logger;
}

/** Resolves when every name in `config` has been asked for; nothing listens yet. */
export async function openControl(
  config: ProxyConfig,
  deps: OpenControlDeps,
): Promise<OpenedControl> {
  const { file, env, now, epochMs, random } = deps;
  const log = createLogger({ name: 'headgate', level: config.logLevel, destination: 'stderr' });
  const audit = createAudit({
    log: createLogger({ name: 'audit', destination: 'stderr' }),
    now: epochMs,
  });
  const metrics = createControlMetrics();

  const surroundings: Surroundings = new Surroundings({
    file,
    discovery: {
      dns: networkDns,
      now,
      random,
      schedule,
      directory: dirname(file),
      env,
      onChange: (found) => plane.discovered(found),
      onEvent: ({ what, source, reason }) =>
        log[what === 'recovered' ? 'info' : 'warn'](`${source}: ${what}: ${reason}`),
    },
    admin: () => ({ audit, control }),
    isWatching: deps.isWatching,
    // What goes wrong is in the audit.
    onFileChange: () => void control.reload('watch').catch(() => {}),
  });
  const found = await surroundings.discover(config);
  const plane = new ControlPlane(
    config,
    {
      ...deps,
      log,
      metrics,
      schedule,
      follow: (before, after) => surroundings.follow(before, after),
    },
    found,
  );
  const control: Control = auditedControl(plane, audit);
  return { plane, control, surroundings, metrics, log };
}

function schedule(delayMs: number, act: () => void): () => void {
  const timer = setTimeout(act, delayMs);
  return () => clearTimeout(timer);
}

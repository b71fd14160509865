// Owns the paths that speak about the process rather than for the app.
import { metricsContentType, renderFamilies } from '@headgate/telemetry';
import type { Hono } from 'hono';
import type { Lifecycle } from './lifecycle.ts';
import type { MetricsSource } from './metrics-source.ts';
import type { Readiness } from './readiness.ts';
import type { OriginEnv } from './request-scope.ts';

/** What those paths speak about. */
export interface HealthDeps {
  readonly lifecycle: Lifecycle;
  readonly readiness: Readiness;
  readonly metrics: MetricsSource;
}

/** However much there is to do, these are answered. */
export const healthPaths: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);

/**
 * Adds `GET /health` (503 once the address is about to go), `GET /ready` (503 also when a check
 * fails) and `GET /metrics` (Prometheus text) to `app`.
 */
export function addHealth(app: Hono<OriginEnv>, deps: HealthDeps): void {
  const { lifecycle, readiness, metrics } = deps;
  const draining = { status: 'draining' };
  app.get('/health', (c) =>
    lifecycle.isHealthy ? c.json({ status: 'ok' }) : c.json(draining, 503),
  );
  app.get('/ready', async (c) => {
    if (!lifecycle.isHealthy) return c.json(draining, 503);
    const failing = await readiness.failing();
    if (failing.length > 0) return c.json({ status: 'failing', failing }, 503);
    return c.json({ status: 'ok' });
  });
  app.get('/metrics', async (c) =>
    c.body(renderFamilies(await metrics.read()), 200, { 'content-type': metricsContentType }),
  );
}

// Owns the two paths that speak about the process rather than for the app.
import { metricsContentType, renderFamilies } from '@headgate/telemetry';
import type { Hono } from 'hono';
import type { Lifecycle } from './lifecycle.ts';
import type { MetricsSource } from './metrics-source.ts';
import type { OriginEnv } from './request-scope.ts';

/**
 * Adds `GET /health` and `GET /ready` (503 once the address is about to go) and `GET /metrics`
 * (Prometheus text) to `app`.
 */
export function addHealth(
  app: Hono<OriginEnv>,
  lifecycle: Lifecycle,
  metrics: MetricsSource,
): void {
  for (const path of ['/health', '/ready']) {
    app.get(path, (c) =>
      lifecycle.isHealthy ? c.json({ status: 'ok' }) : c.json({ status: 'draining' }, 503),
    );
  }
  app.get('/metrics', async (c) =>
    c.body(renderFamilies(await metrics.read()), 200, { 'content-type': metricsContentType }),
  );
}

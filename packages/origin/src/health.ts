// Owns the two paths that speak about the process rather than for the app.
import { metricsContentType, type Registry } from '@headgate/telemetry';
import type { Hono } from 'hono';
import type { Lifecycle } from './lifecycle.ts';
import type { OriginEnv } from './request-scope.ts';

/** Adds `GET /health` (503 while draining) and `GET /metrics` (Prometheus text) to `app`. */
export function addHealth(app: Hono<OriginEnv>, lifecycle: Lifecycle, registry: Registry): void {
  app.get('/health', (c) =>
    lifecycle.isDraining ? c.json({ status: 'draining' }, 503) : c.json({ status: 'ok' }),
  );
  app.get('/metrics', (c) =>
    c.body(registry.render(), 200, { 'content-type': metricsContentType }),
  );
}

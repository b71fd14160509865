/** What the admin listener shows, path by path. */
import { metricsContentType } from '@headgate/telemetry';
import { redacted } from '../config-redacted.ts';
import type { Audit } from '../control/audit.ts';
import type { Control } from '../control/control-api.ts';
import { type Answer, json } from './answer.ts';
import { statusPage } from './status-page.ts';

type Reading = (control: Control, audit: Audit) => Answer | Promise<Answer>;

/** Everything there is to read. */
export const readings: ReadonlyMap<string, Reading> = new Map<string, Reading>([
  ['/', () => ({ status: 200, type: 'text/html; charset=utf-8', body: statusPage })],
  [
    '/metrics',
    async (control) => ({ status: 200, type: metricsContentType, body: await control.metrics() }),
  ],
  ['/health', () => json(200, { status: 'ok' })],
  ['/ready', (control) => ready(control)],
  [
    '/api/status',
    (control) => json(200, { ...control.status(), operator: control.operatorEntries() }),
  ],
  ['/api/workers', (control) => json(200, { workers: control.workers() })],
  ['/api/services', async (control) => json(200, await control.services())],
  ['/api/cache', async (control) => json(200, await control.cache())],
  ['/api/config', (control) => json(200, { config: redacted(control.config()) })],
  ['/api/audit', (_control, audit) => json(200, { entries: audit.entries })],
]);

function ready(control: Control): Answer {
  if (control.isReady()) return json(200, { status: 'ready' });
  return json(503, { status: control.status().isDraining ? 'draining' : 'starting' });
}

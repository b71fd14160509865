/**
 * The open model: items and feeds are asked for at a rate of their own, however long the answers
 * take. `pnpm dev` first; then `headgate-load run apps/load/scenarios/items.ts`.
 */
import { defineScenario, ramp } from '@headgate/load';

const ITEMS = 10_000;

export const scenario = defineScenario({
  target: 'http://127.0.0.1:8080',
  arrivals: ramp({ from: 50, to: 500, over: '10s', hold: '20s' }),
  timeout: '5s',
  flows: {
    item: {
      weight: 9,
      request: ({ random }) => ({ path: `/items/${1 + Math.floor(random() * ITEMS)}` }),
    },
    feed: {
      request: { path: '/feed?count=10', headers: { accept: 'application/json' } },
    },
    missing: {
      weight: 0.1,
      request: { path: '/items/0' },
      expect: 422,
    },
  },
  thresholds: ['errors < 0.1%', 'item: p99 < 250ms', 'feed: p99 < 500ms', 'dropped == 0'],
});

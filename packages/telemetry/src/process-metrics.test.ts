import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { renderFamilies } from './exposition.ts';
import { MergedMetrics } from './merge.ts';
import type { MetricFamily } from './metric-family.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import { createRegistry, type Registry } from './registry.ts';

function read(registry: Registry, sample: string): number {
  const line = registry
    .render()
    .split('\n')
    .find((one) => one.startsWith(`${sample} `));
  assert.ok(line, `${sample} is rendered`);
  return Number(line.slice(sample.length));
}

function spin(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

test('the numbers are those of this process', (t) => {
  const registry = createRegistry();
  t.after(registerProcessMetrics(registry));
  const memory = read(registry, 'process_resident_memory_bytes');
  assert.ok(memory > read(registry, 'nodejs_heap_used_bytes'));
  assert.ok(read(registry, 'nodejs_heap_used_bytes') > 1_000_000);
  const startedMs = read(registry, 'process_start_time_seconds') * 1000;
  assert.ok(startedMs <= Date.now() && startedMs > Date.now() - 600_000);
});

test('CPU time adds up to what the system says', (t) => {
  const registry = createRegistry();
  t.after(registerProcessMetrics(registry));
  const user = 'process_cpu_seconds_total{mode="user"}';
  const before = read(registry, user);
  spin(100);
  const after = read(registry, user);
  assert.ok(after > before);
  assert.ok(after <= process.cpuUsage().user / 1e6 + 1e-9);
});

test('an open file is one more descriptor', {
  skip: process.platform !== 'linux' && 'reads /proc',
}, (t) => {
  const registry = createRegistry();
  t.after(registerProcessMetrics(registry));
  const before = read(registry, 'process_open_fds');
  const fd = openSync(import.meta.filename, 'r');
  try {
    assert.equal(read(registry, 'process_open_fds'), before + 1);
  } finally {
    closeSync(fd);
  }
});

test('a blocked event loop shows as late and busy, and is forgotten at the next render', async (t) => {
  const registry = createRegistry();
  t.after(registerProcessMetrics(registry));
  await delay(60);
  registry.render();
  // The monitor measures between ticks of its own, so it needs one since it was last read.
  await delay(60);
  spin(300);
  await delay(60);
  const text = registry.render();
  const late = Number(/^nodejs_eventloop_delay_p99_seconds (.*)$/m.exec(text)?.[1]);
  const busy = Number(/^nodejs_eventloop_utilization (.*)$/m.exec(text)?.[1]);
  assert.ok(late > 0.15, `late by ${late}`);
  assert.ok(busy > 0.3 && busy <= 1, `busy ${busy}`);
  await delay(200);
  assert.ok(read(registry, 'nodejs_eventloop_delay_p99_seconds') < late);
});

test('of several processes the use is added up, and each event loop is told by itself', (t) => {
  const merged = new MergedMetrics();
  const readings = [createRegistry(), createRegistry()].map((registry, i) => {
    t.after(registerProcessMetrics(registry));
    const families = registry.read();
    merged.answered(i + 1, families);
    return families;
  });
  const valuesOf = (families: readonly MetricFamily[], name: string) => {
    const series = families.find((family) => family.name === name)?.series ?? [];
    return series.flatMap((one) => ('value' in one ? one.value : []));
  };
  const [one = [], other = []] = readings;
  const both = merged.families();
  const add = (a: number | undefined, b: number | undefined) => (a ?? Number.NaN) + (b ?? 0);
  for (const name of ['process_resident_memory_bytes', 'nodejs_heap_used_bytes']) {
    assert.deepEqual(valuesOf(both, name), [add(valuesOf(one, name)[0], valuesOf(other, name)[0])]);
  }
  const cpu = 'process_cpu_seconds_total';
  assert.deepEqual(
    valuesOf(both, cpu),
    valuesOf(one, cpu).map((seconds, i) => add(seconds, valuesOf(other, cpu)[i])),
  );
  const started = 'process_start_time_seconds';
  assert.deepEqual(valuesOf(both, started), valuesOf(one, started));
  const text = renderFamilies(both);
  for (const name of ['nodejs_eventloop_utilization', 'nodejs_eventloop_delay_p99_seconds']) {
    for (const worker of [1, 2]) {
      assert.match(text, new RegExp(`^${name}\\{worker="${worker}"\\} \\d`, 'm'));
    }
  }
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page as Tab } from 'playwright-core';
import type { RunResult } from '../result.ts';
import {
  complaintsOf,
  findChromium,
  launchChromium,
  overflowPx,
  pixelsOfCharts,
} from './chromium.test-support.ts';
import { renderReport } from './report.ts';
import { sampleRun } from './sample-run.test-support.ts';

const executable = findChromium();
const { result } = sampleRun(120);

describe('a report in a browser without a network', () => {
  let browser: Browser;
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'report-'));
    if (executable !== undefined) browser = await launchChromium(executable);
  });
  after(async () => {
    await browser?.close();
    await rm(directory, { recursive: true });
  });

  function open(
    name: string,
    of: RunResult,
    use: (tab: Tab) => Promise<void>,
    options: BrowserContextOptions = {},
  ): void {
    it(name, async (t) => {
      if (executable === undefined) return t.skip('chromium is not installed');
      const file = join(directory, 'report.html');
      await writeFile(file, await renderReport(of));
      const context = await browser.newContext({ ...options, offline: true });
      try {
        const tab = await context.newPage();
        tab.setDefaultTimeout(15_000);
        const complaints = complaintsOf(tab);
        await tab.goto(pathToFileURL(file).href);
        await use(tab);
        assert.deepEqual(complaints, []);
      } finally {
        await context.close();
      }
    });
  }

  open('shows charts, tables, thresholds and what was changed', result, async (tab) => {
    await tab.getByText('All flows together').waitFor();
    const text = (await tab.locator('main').textContent()) ?? '';
    for (const part of [
      'p99 < 200ms',
      '✗ missed',
      'checkout › POST /orders',
      'first byte',
      'p99.99',
      'AMD Ryzen',
      '4182',
      '75.0 s: load × 2',
      'timeout',
    ]) {
      assert.ok(text.includes(part), part);
    }
    const charts = await pixelsOfCharts(tab);
    assert.ok(charts.length >= 9, `${charts.length} charts`);
    for (const [i, pixels] of charts.entries()) assert.ok(pixels >= 50, `chart ${i} is empty`);
    assert.equal(await tab.locator('#controls').count(), 0);
    assert.equal(await tab.locator('.series table').count(), 6);
  });

  const nasty = '</script><b id="smuggled">x</b><script>document.title="run"</script>';
  open('shows names that look like HTML as text', { ...result, name: nasty }, async (tab) => {
    await tab.getByText('All flows together').waitFor();
    assert.equal(await tab.locator('h1').textContent(), nasty);
    assert.equal(await tab.locator('#smuggled').count(), 0);
  });

  const failed: RunResult = {
    ...result,
    end: 'failed',
    problem: 'setup threw: no such user',
    slices: [],
    series: [],
    thresholds: [],
    interventions: [],
  };
  open('shows a run that never began', failed, async (tab) => {
    await tab.getByText('setup threw: no such user').waitFor();
    assert.equal(await tab.locator('#state').textContent(), 'failed');
  });

  open(
    'fits a phone',
    result,
    async (tab) => {
      await tab.getByText('All flows together').waitFor();
      assert.equal(await overflowPx(tab), 0);
    },
    { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  );
});

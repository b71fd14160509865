import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContextOptions, Page as Tab } from 'playwright-core';
import type { Slice } from '../result.ts';
import {
  complaintsOf,
  findChromium,
  launchChromium,
  overflowPx,
  pixelsOfCharts,
} from './chromium.test-support.ts';
import { type FakeRun, fakeRun } from './live-run.test-support.ts';
import { sampleRun } from './sample-run.test-support.ts';
import { startPage } from './server.ts';

const executable = findChromium();
const { slices, result } = sampleRun(120);
const LAPTOP = { viewport: { width: 1366, height: 768 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

describe('the live page in a browser', () => {
  let browser: Browser;
  before(async () => {
    if (executable !== undefined) browser = await launchChromium(executable);
  });
  after(() => browser?.close());

  /** Opens the page of a run; nothing may have been complained about when `use` is done. */
  function open(
    name: string,
    run: () => FakeRun,
    use: (tab: Tab, run: FakeRun, close: () => Promise<void>) => Promise<void>,
    options: BrowserContextOptions = LAPTOP,
  ): void {
    it(name, async (t) => {
      if (executable === undefined) return t.skip('chromium is not installed');
      const seen = run();
      const page = await startPage(seen, { port: 0 });
      const context = await browser.newContext(options);
      try {
        const tab = await context.newPage();
        tab.setDefaultTimeout(15_000);
        const complaints = complaintsOf(tab);
        await tab.goto(page.url);
        await use(tab, seen, () => page.close());
        // Of a server that is gone or refuses, the browser itself complains.
        assert.deepEqual(
          complaints.filter(
            (text) => !/ERR_(CONNECTION_|INCOMPLETE_CHUNKED)|status of 400/.test(text),
          ),
          [],
        );
      } finally {
        await context.close();
        await page.close();
      }
    });
  }

  const panel = (tab: Tab, title: string) =>
    tab.locator('.panel').filter({ has: tab.getByRole('heading', { name: title }) });
  const value = (tab: Tab, title: string, label: string) =>
    panel(tab, title)
      .locator('.legend-item', { has: tab.getByText(label, { exact: true }) })
      .locator('.legend-value');
  const figure = (tab: Tab, label: string) =>
    tab.getByRole('group', { name: label, exact: true }).locator('.figure-value');
  const hasText = (tab: Tab, locator: ReturnType<Tab['locator']>, text: RegExp | string) =>
    locator
      .filter({ hasText: text })
      .first()
      .waitFor()
      .then(() => tab);
  const until = async (isTrue: () => boolean) => {
    for (let i = 0; i < 300 && !isTrue(); i++) await new Promise((next) => setTimeout(next, 20));
    assert.ok(isTrue());
  };

  open(
    'shows what happened so far, in figures, legends and lines',
    () => fakeRun({}, slices.slice(0, 110)),
    async (tab) => {
      await hasText(tab, figure(tab, 'Rate achieved'), /^[12],\d{3}\/s$/);
      await hasText(tab, figure(tab, 'Dropped'), '360');
      await hasText(tab, value(tab, 'Rate', 'asked'), '2,000');
      await hasText(tab, value(tab, 'Latency', 'p50'), /^1\.\d\d ms$/);
      await hasText(tab, tab.locator('#name'), 'checkout.ts');
      await hasText(tab, tab.locator('#state'), 'running');
      await hasText(
        tab,
        tab.locator('#saturation'),
        'The generator was saturated in 5 of 110 seconds',
      );
      for (const [i, pixels] of (await pixelsOfCharts(tab)).entries()) {
        assert.ok(pixels >= 50, `chart ${i} is empty`);
      }
      const image = panel(tab, 'Rate').getByRole('img');
      assert.match(
        (await image.getAttribute('aria-label')) ?? '',
        /110 seconds; last: .*asked 2,000/,
      );
    },
  );

  open(
    'says nothing of charts that have no data yet',
    () => fakeRun(),
    async (tab) => {
      await hasText(tab, tab.locator('#state'), 'running');
      await hasText(tab, panel(tab, 'Failures by kind'), 'No failures so far');
      assert.equal(await tab.locator('#saturation').isVisible(), false);
      assert.ok((await pixelsOfCharts(tab)).every((pixels) => pixels === 0));
      assert.match(
        (await panel(tab, 'Rate').getByRole('img').getAttribute('aria-label')) ?? '',
        /no data yet/,
      );
    },
  );

  open(
    'shows a second that ends while it is open',
    () => fakeRun({}, slices.slice(0, 20)),
    async (tab, run) => {
      await hasText(tab, panel(tab, 'Rate').locator('.legend-time'), '0:19');
      run.addSlice({ ...(slices[20] as Slice), askedPerS: 7_531 });
      await hasText(tab, value(tab, 'Rate', 'asked'), '7,531');
      await hasText(tab, panel(tab, 'Rate').locator('.legend-time'), '0:20');
    },
  );

  open(
    'reads all charts at the second the cursor is at, and the bucket of the heat map',
    () => fakeRun({}, slices.slice(0, 100)),
    async (tab) => {
      await hasText(tab, panel(tab, 'Rate').locator('.legend-time'), '1:39');
      const map = panel(tab, 'Latency distribution').locator('.u-over');
      await map.scrollIntoViewIfNeeded();
      await map.hover();
      for (const title of ['Rate', 'Latency', 'In flight']) {
        await hasText(tab, panel(tab, title).locator('.legend-time').first(), /^0:(49|50)$/);
      }
      await hasText(
        tab,
        panel(tab, 'Latency distribution').locator('.legend-text'),
        /^[\d.]+ .s to [\d.]+ m?s: [\d,]+ of [\d,]+ \(/,
      );
      await panel(tab, 'Rate').locator('.plot').focus();
      await tab.keyboard.press('Home');
      await hasText(tab, panel(tab, 'In flight').locator('.legend-time'), '0:00');
      await tab.keyboard.press('ArrowRight');
      await hasText(tab, panel(tab, 'In flight').locator('.legend-time'), '0:01');
    },
  );

  open(
    'changes the latencies from intended to actual send',
    () => fakeRun({}, slices.slice(0, 62)),
    async (tab) => {
      await hasText(tab, value(tab, 'Latency', 'p99'), /^8\d\d ms$/);
      await tab.getByRole('button', { name: 'from actual send' }).click();
      await hasText(tab, value(tab, 'Latency', 'p99'), /^2\d\.\d ms$/);
    },
  );

  open(
    'hides and brings back a line, and zooms all charts',
    () => fakeRun({}, slices.slice(0, 60)),
    async (tab) => {
      const item = panel(tab, 'In flight').getByRole('button', { name: /connections/ });
      await item.click();
      assert.equal(await item.getAttribute('aria-pressed'), 'false');
      await item.click();
      assert.equal(await item.getAttribute('aria-pressed'), 'true');
      await panel(tab, 'Rate').scrollIntoViewIfNeeded();
      const box = await panel(tab, 'Rate').locator('.u-over').boundingBox();
      assert.ok(box !== null);
      await tab.mouse.move(box.x + 100, box.y + 40);
      await tab.mouse.down();
      await tab.mouse.move(box.x + 300, box.y + 40, { steps: 4 });
      await tab.mouse.up();
      await hasText(tab, tab.locator('.hint'), 'Zoomed in');
      await tab.getByRole('button', { name: 'Whole run' }).click();
      await hasText(tab, tab.locator('.hint'), 'Drag across');
    },
  );

  open(
    'chooses metrics first, finds others, and draws those that are picked',
    () => fakeRun({}, slices.slice(0, 10)),
    async (tab) => {
      const metrics = tab.getByRole('region', { name: 'Metrics of the system under test' });
      await hasText(tab, metrics, 'of 40 shown');
      assert.ok((await metrics.getByRole('img').count()) >= 3);
      await metrics.getByRole('button', { name: 'Clear' }).click();
      await hasText(tab, metrics, '0 of 40 shown');
      await metrics.getByRole('searchbox').fill('lag');
      const row = metrics.getByRole('checkbox').and(tab.locator(':visible'));
      assert.equal(await row.count(), 1);
      await row.check();
      await hasText(tab, metrics.locator('.legend-label'), 'nodejs_eventloop_lag_seconds');
    },
  );

  open(
    'steers the run',
    () => fakeRun({}, slices.slice(0, 5)),
    async (tab, run) => {
      await tab.getByLabel('Rate', { exact: true }).fill('3210');
      await tab.getByRole('button', { name: 'Set' }).click();
      await until(() => run.controls.length === 1);
      await tab.getByRole('button', { name: 'Double' }).click();
      // A second that ended before the run knew of the click.
      run.addSlice(slices[5] as Slice);
      await hasText(tab, panel(tab, 'Rate').locator('.legend-time'), '0:05');
      await tab.getByRole('button', { name: '10 percent less' }).click();
      await until(() => run.controls.length === 3);
      await tab.getByRole('button', { name: 'Pause' }).click();
      await until(() => run.controls.length === 4);
      run.change({ status: 'paused' });
      await tab.getByRole('button', { name: 'Resume' }).click();
      await until(() => run.controls.length === 5);
      assert.deepEqual(run.controls, [
        { kind: 'level', level: 3_210 },
        { kind: 'scale', scale: 2 },
        { kind: 'scale', scale: 1.8 },
        { kind: 'pause' },
        { kind: 'resume' },
      ]);
      await hasText(tab, tab.locator('#interventions'), 'paused');
    },
  );

  open(
    'says why the run cannot do it',
    () => fakeRun({}, slices.slice(0, 5)),
    async (tab, run) => {
      run.refusal = 'a trace has no rate to change';
      await tab.getByRole('button', { name: 'Double' }).click();
      await hasText(tab, tab.getByRole('alert'), run.refusal);
      run.refusal = undefined;
      await tab.getByRole('button', { name: 'Half' }).click();
      await until(() => run.controls.length === 1);
      assert.deepEqual(run.controls, [{ kind: 'scale', scale: 0.5 }]);
    },
  );

  open(
    'stops the run only when that is confirmed',
    () => fakeRun({}, slices.slice(0, 5)),
    async (tab, run) => {
      const stop = tab.getByRole('button', { name: 'Stop…' });
      await stop.click();
      await tab.getByRole('button', { name: 'Keep running' }).click();
      await stop.click();
      await tab.keyboard.press('Escape');
      await stop.click();
      await tab.getByRole('button', { name: 'Stop the run' }).click();
      await until(() => run.controls.length > 0);
      assert.deepEqual(run.controls, [{ kind: 'stop' }]);
    },
  );

  open(
    'has no level to set where the run has none',
    () => fakeRun({ canScale: false }, slices.slice(0, 5)),
    async (tab) => {
      await tab.getByRole('button', { name: 'Pause' }).waitFor();
      assert.equal(await tab.locator('#level-form').isVisible(), false);
    },
  );

  open(
    'keeps its charts at the end, offers report and result, and notices that the server goes',
    () => fakeRun({}, slices),
    async (tab, run, close) => {
      await hasText(tab, tab.locator('#state'), 'running');
      run.end(result);
      await hasText(tab, tab.locator('#state'), 'ended');
      await hasText(tab, tab.locator('#verdict'), 'p99 < 200ms');
      assert.equal(await tab.locator('#controls').isVisible(), false);
      const report = tab.getByRole('link', { name: 'Report' });
      assert.equal(await report.getAttribute('href'), '/report.html');
      await close();
      await hasText(tab, tab.locator('#connection'), 'its server is gone');
      assert.equal(await report.count(), 0);
      await hasText(tab, value(tab, 'Rate', 'asked'), '2,000');
    },
  );

  open(
    'says that the connection is lost, and keeps its charts',
    () => fakeRun({}, slices.slice(0, 30)),
    async (tab, _run, close) => {
      await hasText(tab, value(tab, 'Rate', 'asked'), '2,000');
      await close();
      await hasText(tab, tab.locator('#connection'), 'connection to the run is lost');
      await hasText(tab, value(tab, 'Rate', 'asked'), '2,000');
      assert.equal(await tab.getByRole('button', { name: 'Set' }).isDisabled(), true);
    },
  );

  open(
    'finds the run again, and shows nothing twice',
    () => fakeRun({}, slices.slice(0, 30)),
    async (tab, run, close) => {
      await hasText(tab, panel(tab, 'Rate').locator('.legend-time'), '0:29');
      await close();
      await hasText(tab, tab.locator('#connection'), 'connection to the run is lost');
      run.addSlice(slices[30] as Slice);
      const again = await startPage(run, { port: Number(new URL(tab.url()).port) });
      try {
        await tab.locator('#connection').waitFor({ state: 'hidden' });
        await hasText(tab, panel(tab, 'Rate').locator('.legend-time'), '0:30');
        const image = panel(tab, 'Rate').getByRole('img');
        assert.match((await image.getAttribute('aria-label')) ?? '', /: 31 seconds/);
      } finally {
        await again.close();
      }
    },
  );

  open(
    'fits a phone, with buttons large enough for a finger',
    () => fakeRun({}, slices),
    async (tab) => {
      await hasText(tab, figure(tab, 'Dropped'), '360');
      assert.equal(await overflowPx(tab), 0);
      for (const button of await tab.locator('button:visible, a.button:visible').all()) {
        const box = await button.boundingBox();
        assert.ok((box?.height ?? 0) >= 40, (await button.textContent()) ?? '');
      }
    },
    PHONE,
  );

  open(
    'is dark for those who like it so, until they choose',
    () => fakeRun({}, slices.slice(0, 10)),
    async (tab) => {
      const ground = () => tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const dark = await ground();
      await tab.getByRole('button', { name: 'Change to light colours' }).click();
      const light = await ground();
      assert.notEqual(light, dark);
      await tab.reload();
      assert.equal(await ground(), light);
      await tab.emulateMedia({ colorScheme: 'light' });
      assert.equal(await ground(), light);
    },
    { ...LAPTOP, colorScheme: 'dark' },
  );

  open(
    'keeps up with an hour of seconds',
    () => fakeRun({ durationMs: 3_600_000 }, hour()),
    async (tab, run) => {
      await hasText(tab, panel(tab, 'Rate').locator('.legend-time'), '59:59');
      run.addSlice({ ...(slices[0] as Slice), startMs: 3_600_000 });
      await hasText(tab, panel(tab, 'Rate').locator('.legend-time'), '1:00:00');
    },
  );
});

function hour(): Slice[] {
  return Array.from({ length: 3_600 }, (_, i) => ({
    ...(slices[i % slices.length] as Slice),
    startMs: i * 1_000,
  }));
}

/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { foldProfile } from '../call-tree.ts';
import { FrameTable } from '../frames.ts';
import { profileOf } from '../sample-profile.test-support.ts';
import { findChromium, type Screen, Tab } from './chromium.test-support.ts';
import { renderFlamePage } from './document.ts';
import type { PageData } from './page-data.ts';

const LAPTOP: Screen = { width: 1366, height: 768, theme: 'light' };
const PHONE: Screen = { width: 390, height: 844, theme: 'dark' };
const NASTY = '</script><b id="smuggled">x</b><script>document.title="run"</script>';
const executable = findChromium();

function sampleData(): PageData {
  const table = new FrameTable('/app');
  const one = profileOf([
    [['(idle)'], 100_000],
    [['main file:///app/src/main.ts', 'hot file:///app/src/hot.ts'], 60_000],
    [['main file:///app/src/main.ts', 'write node:net', 'writev'], 20_000],
    [['main file:///app/src/main.ts', 'get file:///app/node_modules/hono/x.js'], 10_000],
    [['(garbage collector)'], 10_000],
  ]);
  const other = profileOf([[['main file:///app/src/main.ts', `${NASTY} file:///a.js`], 100_000]]);
  const about = { durationMs: 200, cpuMs: 50 };
  return {
    takenAt: '2026-01-02T03:04:05.000Z',
    intervalUs: 1000,
    processes: [
      { label: 'items 11', ...about, tree: foldProfile(one, table) },
      { label: 'items 12', ...about, tree: foldProfile(other, table) },
    ],
    frames: table.frames,
  };
}

const textOf = (id: string) => document.getElementById(id)?.textContent ?? '';
const boxes = () =>
  [...document.querySelectorAll<HTMLElement>('[role=treeitem]')].map((box) => ({
    text: box.getAttribute('aria-label')?.split(',')[0] ?? '',
    width: box.getBoundingClientRect().width,
    color: getComputedStyle(box).backgroundColor,
    isHit: box.classList.contains('hit'),
  }));
const choose = (value: string) => {
  const select = document.getElementById('process') as HTMLSelectElement;
  select.value = value;
  select.dispatchEvent(new Event('change'));
};
const search = (text: string) => {
  const input = document.getElementById('search') as HTMLInputElement;
  input.value = text;
  input.dispatchEvent(new Event('input'));
};
const clickBox = (text: string) => {
  for (const box of document.querySelectorAll<HTMLElement>('[role=treeitem]')) {
    if (box.getAttribute('aria-label')?.startsWith(text)) return box.click();
  }
};

describe('the page of a profile, in a browser without a network', () => {
  let tab: Tab;
  before(async () => {
    if (executable !== undefined) tab = await Tab.launch(executable);
  });
  after(() => tab?.[Symbol.asyncDispose]());

  function show(name: string, screen: Screen, use: () => Promise<void>): void {
    it(name, async (t: TestContext) => {
      if (executable === undefined) return t.skip('chromium is not installed');
      await tab.open(renderFlamePage(sampleData()), screen);
      await use();
      assert.deepEqual(await tab.complaints(), []);
    });
  }

  show('shows all processes as one, without their idling', LAPTOP, async () => {
    const names = (await tab.run(boxes)).map(({ text }) => text);
    assert.deepEqual(names.slice(0, 2), ['all', 'main']);
    assert.ok(names.includes('hot') && names.includes('writev') && !names.includes('(idle)'));
    assert.match(await tab.run(textOf, 'facts'), /busy 66\.7 % of 300\.0 ms.*25\.0 %/);
    assert.match(await tab.run(textOf, 'legend'), /the app 80\.0 %.*garbage collection 5\.0 %/);
    assert.match(await tab.run(textOf, 'top'), /30\.0 %30\.0 %hotsrc\/hot\.ts:10/);
  });

  show('shows names that look like HTML as text', LAPTOP, async () => {
    assert.ok((await tab.run(boxes)).some(({ text }) => text === NASTY));
    assert.equal(await tab.run(() => document.getElementById('smuggled')), null);
  });

  show('shows one process when it is chosen', LAPTOP, async () => {
    await tab.run(choose, '1');
    const names = (await tab.run(boxes)).map(({ text }) => text);
    assert.deepEqual(names, ['all', 'main', NASTY]);
  });

  show('zooms by a click, and back', LAPTOP, async () => {
    const widthOf = async (name: string) =>
      (await tab.run(boxes)).find(({ text }) => text === name)?.width ?? 0;
    const full = await widthOf('all');
    const before = await widthOf('write');
    assert.ok(before < full / 5);
    await tab.run(clickBox, 'write');
    assert.equal(await widthOf('write'), full);
    assert.equal(await widthOf('writev'), full);
    assert.equal(await widthOf('hot'), 0);
    await tab.run(() => document.getElementById('reset')?.click());
    assert.equal(await widthOf('write'), before);
  });

  show('marks what a search finds, with its share of the time', LAPTOP, async () => {
    await tab.run(search, 'SRC/HOT');
    const hits = (await tab.run(boxes)).filter(({ isHit }) => isHit);
    assert.deepEqual(
      hits.map(({ text }) => text),
      ['hot'],
    );
    assert.equal(await tab.run(textOf, 'found'), '30.0 % of the time');
    await tab.run(search, '');
    assert.equal(await tab.run(textOf, 'found'), '');
  });

  show('can be walked and zoomed with keys alone', LAPTOP, async () => {
    const focused = () => document.activeElement?.getAttribute('aria-label')?.split(',')[0];
    await tab.run(() =>
      document.querySelector<HTMLElement>('[role=treeitem][tabindex="0"]')?.focus(),
    );
    assert.equal(await tab.run(focused), 'all');
    await tab.press('ArrowDown');
    assert.equal(await tab.run(focused), 'main');
    await tab.press('ArrowRight');
    assert.equal(await tab.run(focused), '(garbage collector)');
    await tab.press('ArrowLeft');
    await tab.press('ArrowDown');
    await tab.press('ArrowRight');
    assert.equal(await tab.run(focused), 'hot');
    assert.match(await tab.run(textOf, 'what'), /^hot — total 30\.0 % \(60\.0 ms\), self 30\.0 %/);
    assert.equal(await tab.run(textOf, 'place'), 'src/hot.ts:10');
    await tab.press('Enter');
    assert.equal(await tab.run(focused), 'hot');
    assert.deepEqual(
      (await tab.run(boxes)).map(({ text }) => text),
      ['all', 'main', 'hot'],
    );
    await tab.press('Escape');
    assert.equal(await tab.run(focused), 'all');
    await tab.press('/');
    assert.equal(await tab.run(() => document.activeElement?.id), 'search');
  });

  show('is dark where the system is, and light on demand', PHONE, async () => {
    const page = () => getComputedStyle(document.body).backgroundColor;
    const colors = async () => new Set((await tab.run(boxes)).map(({ color }) => color));
    assert.equal(await tab.run(page), 'rgb(14, 17, 22)');
    const dark = await colors();
    assert.ok(dark.size >= 5, 'a colour for each kind of code');
    await tab.run(() => document.getElementById('theme')?.click());
    assert.equal(await tab.run(page), 'rgb(246, 247, 249)');
    assert.equal([...(await colors())].filter((color) => dark.has(color)).length, 0);
  });

  show('fits a phone', PHONE, async () => {
    assert.equal(await tab.run(() => document.documentElement.scrollWidth - innerWidth), 0);
    const widest = Math.max(...(await tab.run(boxes)).map(({ width }) => width));
    assert.ok(widest > 300 && widest < 390);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunState } from '../live-run.ts';
import { createFeed, type Feed } from './feed.ts';
import { fakeRun } from './live-run.test-support.ts';
import type { PageEvent } from './page-event.ts';
import { sampleRun } from './sample-run.test-support.ts';

const { slices, result } = sampleRun(50);

/** Reads events as a viewer does, as many as it is asked for. */
function viewer(feed: Feed) {
  const reader = feed.view().getReader();
  const decoder = new TextDecoder();
  const read: PageEvent[] = [];
  async function more(): Promise<boolean> {
    const { done, value } = await reader.read();
    if (done) return false;
    for (const block of decoder.decode(value).split('\n\n').slice(0, -1)) {
      if (block.startsWith('retry: ')) continue;
      assert.ok(block.startsWith('data: '));
      read.push(JSON.parse(block.slice(6)) as PageEvent);
    }
    return true;
  }
  return {
    read,
    more,
    leave: () => reader.cancel(),
    async until(isEnough: (events: readonly PageEvent[]) => boolean) {
      while (!isEnough(read)) assert.ok(await more(), 'the stream ended too early');
    },
    slices: () => read.filter(({ kind }) => kind === 'slice').length,
  };
}

describe('a feed', () => {
  it('tells a viewer all so far, in order, and then what happens', async () => {
    const run = fakeRun({}, slices.slice(0, 45));
    const feed = createFeed(run);
    const one = viewer(feed);
    await one.until(() => one.slices() === 45);
    assert.equal(one.read[0]?.kind, 'header');
    assert.equal(one.read[1]?.kind, 'state');
    for (const slice of slices.slice(45)) run.addSlice(slice);
    await one.until(() => one.slices() === 50);
    assert.deepEqual(
      one.read.flatMap((event) => (event.kind === 'slice' ? [event.slice] : [])),
      slices,
    );
    feed.close();
  });

  it('tells each viewer the same, whenever it comes', async () => {
    const run = fakeRun({}, slices.slice(0, 3));
    const feed = createFeed(run);
    const early = viewer(feed);
    await early.until(() => early.slices() === 3);
    run.change({ scale: 2 });
    run.addSlice(slices[3] as (typeof slices)[number]);
    run.end(result);
    const late = viewer(feed);
    for (const one of [early, late]) {
      await one.until((events) => events.some(({ kind }) => kind === 'end'));
      assert.equal(one.slices(), 4);
      const states = one.read.flatMap((event) => (event.kind === 'state' ? [event.state] : []));
      assert.ok(states.some(({ scale, status }) => scale === 2 && status === 'running'));
      assert.equal(states.at(-1)?.status, 'ended');
    }
    feed.close();
  });

  it('tells the result without the seconds told before', async () => {
    const run = fakeRun();
    const feed = createFeed(run);
    run.end(result);
    const one = viewer(feed);
    await one.until((events) => events.some(({ kind }) => kind === 'end'));
    const { slices: _, ...rest } = result;
    assert.deepEqual(one.read.at(-1), { kind: 'end', result: rest });
    feed.close();
  });

  it('keeps nothing for a viewer that does not read, and tells it the latest state', async () => {
    const run = fakeRun();
    const feed = createFeed(run);
    const slow = viewer(feed);
    await slow.more();
    for (let i = 1; i <= 1_000; i++) run.change({ elapsedMs: i });
    await slow.more();
    const states = slow.read.flatMap((event): RunState[] =>
      event.kind === 'state' ? [event.state] : [],
    );
    assert.ok(states.length <= 4, `${states.length} states`);
    assert.equal(states.at(-1)?.elapsedMs, 1_000);
    feed.close();
  });

  it('lets go of a viewer that leaves while it waits, and ends the others when closed', async () => {
    const run = fakeRun();
    const feed = createFeed(run);
    const gone = viewer(feed);
    const there = viewer(feed);
    await Promise.all([gone.more(), there.more()]);
    const waiting = gone.more();
    await gone.leave();
    assert.equal(await waiting, false);
    const end = there.more();
    feed.close();
    assert.equal(await end, false);
    assert.equal(run.watchers, 0);
  });
});

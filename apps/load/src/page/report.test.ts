import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { renderReport } from './report.ts';
import { sampleRun } from './sample-run.test-support.ts';

const { result } = sampleRun(5);

/** What a browser would take for the data of the report. */
function dataOf(html: string): unknown {
  const start = html.indexOf('<script type="application/json" id="result">');
  const from = html.indexOf('>', start) + 1;
  return JSON.parse(html.slice(from, html.indexOf('</script', from)));
}

describe('a report', () => {
  it('has the whole result inside', async () => {
    assert.deepEqual(dataOf(await renderReport(result)), result);
  });

  it('keeps names that look like HTML out of the markup', async () => {
    const plain = await renderReport(result);
    const tags = (html: string) => html.match(/<[a-z/!]/gi)?.length;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.constantFrom('</script><b>', '<!--<script>', ']]>', '"><img src=x>', "'&amp;", '$&$1'),
          fc.string({ unit: 'binary' }),
        ),
        async (name) => {
          const nasty = { ...result, name, target: name, machine: name };
          const html = await renderReport(nasty);
          // What a lone surrogate becomes is up to JSON.
          assert.deepEqual(dataOf(html), JSON.parse(JSON.stringify(nasty)));
          assert.equal(tags(html), tags(plain));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('loads nothing from anywhere', async () => {
    const html = await renderReport(result);
    const markup = html.replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, '');
    for (const [, url] of markup.matchAll(/\s(?:src|href|action|data)\s*=\s*"([^"]*)"/g)) {
      assert.match(String(url), /^(#|data:)/);
    }
    const styles = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, css]) => css).join();
    assert.doesNotMatch(styles, /url\(|@import/);
    assert.match(html, /default-src 'none'; script-src 'sha256-/);
    assert.doesNotMatch(markup, /class="controls"/);
  });
});

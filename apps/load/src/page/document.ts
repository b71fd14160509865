/** The HTML of the live page and of the report; the browser's part fills it. */
import { createHash } from 'node:crypto';
import type { RunResult } from '../result.ts';
import type { Bundle } from './bundle.ts';

/** The live page, which loads its script, its style and its data from where it came from. */
export function renderPage(name: string): string {
  return renderDocument({
    title: name,
    head: '<link rel="stylesheet" href="/page.css">\n<script type="module" src="/page.js"></script>',
    controls: CONTROLS,
    data: '',
  });
}

/** The report, which has all of them inside. */
export function renderReportDocument(result: RunResult, { script, style }: Bundle): string {
  // The script must find the elements and the data, so it comes last; the policy lets it run, and
  // nothing that the data could smuggle in.
  const policy = `default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return renderDocument({
    title: `${result.name} — report`,
    head: `<meta http-equiv="content-security-policy" content="${policy}">\n<style>${style}</style>`,
    controls: '',
    data: `<script type="application/json" id="result">${scriptJson(result)}</script>\n<script>${script}</script>`,
  });
}

/** JSON that no HTML parser takes for the end of its script, or for a comment. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

interface DocumentParts {
  readonly title: string;
  readonly head: string;
  readonly controls: string;
  readonly data: string;
}

function renderDocument({ title, head, controls, data }: DocumentParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · headgate-load</title>
<link rel="icon" href="data:,">
${head}
</head>
<body>
<a class="skip" href="#charts">Skip to the charts</a>
<header class="top">
  <div class="top-line">
    <div class="title">
      <h1 id="name">${escapeHtml(title)}</h1>
      <p id="target" class="target"></p>
    </div>
    <p id="state" class="state" role="status" aria-live="polite">connecting</p>
    <p id="clock" class="clock"></p>
    <div class="top-tools">
      <span id="links" class="links"></span>
      <button type="button" id="theme" class="button quiet">Theme</button>
    </div>
  </div>
  <progress id="progress" max="1" value="0" aria-label="Progress of the run"></progress>
</header>
<main>
<p id="connection" class="banner warn" role="alert" hidden></p>
<p id="saturation" class="banner bad" role="note" hidden></p>
<p id="problem" class="banner bad" role="status" hidden></p>
<dl id="facts" class="facts"></dl>
${controls}
<section id="figures" class="figures" aria-label="Figures"></section>
<div id="verdict" class="rest"></div>
<div id="interventions" class="interventions" hidden></div>
<div id="charts-bar" class="charts-bar"></div>
<section id="charts" class="grid" aria-label="Charts over time" tabindex="-1"></section>
<div id="rest" class="rest"></div>
<noscript><p class="banner bad">This page needs JavaScript.</p></noscript>
</main>
${data}
</body>
</html>
`;
}

const CONTROLS = `<section id="controls" class="controls" aria-label="Steer the run" hidden>
  <form id="level-form" class="level" hidden>
    <label for="level" id="level-label">Rate</label>
    <input id="level" type="number" min="0" step="any" inputmode="decimal" required autocomplete="off">
    <span id="level-unit" class="unit"></span>
    <button type="submit" class="button">Set</button>
    <span class="steps" role="group" aria-label="Change in steps">
      <button type="button" class="button" data-factor="0.5" aria-label="Half">× ½</button>
      <button type="button" class="button" data-factor="0.9" aria-label="10 percent less">−10 %</button>
      <button type="button" class="button" data-factor="1.1" aria-label="10 percent more">+10 %</button>
      <button type="button" class="button" data-factor="2" aria-label="Double">× 2</button>
    </span>
  </form>
  <span class="run-buttons">
    <button type="button" id="pause" class="button">Pause</button>
    <button type="button" id="stop" class="button danger">Stop…</button>
  </span>
  <p id="control-problem" class="control-problem" role="alert"></p>
  <dialog id="stop-dialog" class="dialog" aria-labelledby="stop-title">
    <form method="dialog">
      <h2 id="stop-title">Stop the run?</h2>
      <p>What is in flight is finished or cut, and the result is written. It cannot be resumed.</p>
      <div class="dialog-buttons">
        <button type="submit" value="" class="button" autofocus>Keep running</button>
        <button type="submit" value="stop" class="button danger solid">Stop the run</button>
      </div>
    </form>
  </dialog>
</section>`;

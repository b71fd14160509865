/** The page of a profile: one file with all in it, which opens without a network. */
import { createHash } from 'node:crypto';
import type { PageData } from './page-data.ts';
import { pageScript } from './script.ts';
import { pageStyle } from './style.ts';

export function renderFlamePage(data: PageData): string {
  // The policy lets the script run, and nothing that a function's name could smuggle in.
  const policy = `default-src 'none'; script-src '${hashOf(pageScript)}'; style-src '${hashOf(pageStyle)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="content-security-policy" content="${policy}">
<title>CPU profile · headgate-profile</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<header>
  <h1>CPU profile</h1>
  <p class="soft">${escapeHtml(data.takenAt)}, a sample each ${data.intervalUs} µs</p>
  <button type="button" id="theme">Theme</button>
</header>
<main>
<div class="controls">
  <label>Process <select id="process"></select></label>
  <label>Search <input type="search" id="search" placeholder="function or file ( / )" autocomplete="off" spellcheck="false"></label>
  <output id="found" for="search"></output>
  <button type="button" id="reset">Reset</button>
</div>
<dl id="facts"></dl>
<ul id="legend" aria-label="Colours: whose code it is, with its self time"></ul>
<p id="details" role="status"><span id="what">Point at a function, or go there with Tab and the arrow keys. Click or Enter zooms, Escape shows all.</span> <span id="place" class="soft"></span></p>
<div class="flame-frame"><div id="flame" role="tree" aria-label="Flame graph: callers above, what they called below"></div></div>
<h2>Functions by self time</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">self</th><th scope="col">total</th><th scope="col">function</th><th scope="col">where</th></tr></thead>
<tbody id="top"></tbody>
</table></div>
<noscript><p>This page needs JavaScript.</p></noscript>
</main>
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${pageScript}</script>
</body>
</html>
`;
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

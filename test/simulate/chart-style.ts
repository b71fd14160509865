/** How the page of charts looks, by day and by night. */

const light = `
  --page: #f6f7f9; --panel: #fff; --text: #1b1f27; --muted: #5c6575; --line: #e2e5ea; --grid: #e8ebf0;
  --shade: rgba(196, 116, 0, 0.11); --fault: #a35a00; --good: #0b6b45; --bad: #b3261e;
  --p50: #8fc0f0; --p90: #3d8fdb; --p99: #0b4a94; --bound: #6b7482; --flight: #0a6cc4; --good-answers: #0b7f54;
  --errors: #cf3f12; --shed: #c99700; --left: #8a4fb0;
  --none: #b02f0a; --little: #e08a5e; --less: #f3cdb6; --fair: #e6e9ee; --more: #a9cdf3; --double: #2a7ccf;`;

const dark = `
  --page: #0e1116; --panel: #161a21; --text: #e6e9ef; --muted: #98a2b3; --line: #262c37; --grid: #262c37;
  --shade: rgba(240, 165, 58, 0.13); --fault: #f0a53a; --good: #4fd19f; --bad: #ff8f80;
  --p50: #2f66a8; --p90: #4d9fff; --p99: #b9dcff; --bound: #98a2b3; --flight: #4d9fff; --good-answers: #35c290;
  --errors: #ff7350; --shed: #f2c53d; --left: #c597ec;
  --none: #ff6a3d; --little: #b4532c; --less: #64392a; --fair: #2b313b; --more: #2a4d77; --double: #58a6ff;`;

const strokes = ['p50', 'p90', 'p99', 'bound', 'flight', 'good-answers', 'errors', 'shed', 'left'];
const cells = ['none', 'little', 'less', 'fair', 'more', 'double'];

/** The style sheet. */
export const chartStyle = `
:root { color-scheme: light; ${light} }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; ${dark} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1280px; padding: 16px; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 22px; margin: 8px 0 4px; }
h2 { font-size: 18px; margin: 0; }
h3 { font-size: 14px; margin: 20px 0 2px; }
h4 { font-size: 13px; font-weight: 500; margin: 6px 0 0; color: var(--muted); }
p { margin: 2px 0 10px; }
a { color: inherit; }
nav { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 8px 0 18px; font-size: 14px; }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin: 0 0 18px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 3px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 500; color: var(--muted); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
ul { list-style: none; margin: 10px 0 0; padding: 0; font-size: 14px; }
.met { color: var(--good); } .missed { color: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px; color: var(--muted); }
.legend span { display: inline-flex; align-items: center; gap: 6px; }
.legend i { width: 16px; border-width: 2px 0 0; border-style: solid; }
.legend i.bound { border-top-style: dashed; }
.legend i.cell { height: 10px; border-width: 0; border-radius: 2px; }
.legend i.band { height: 10px; border-width: 0; background: var(--shade); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 0 20px; }
.charts > div { max-width: 520px; min-width: 0; }
.keys, .note { color: var(--muted); font-size: 13px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12.5px system-ui, sans-serif; fill: var(--muted); font-variant-numeric: tabular-nums; }
text.y, text.x.end { text-anchor: end; } text.x { text-anchor: middle; }
path { fill: none; }
.grid { stroke: var(--grid); }
.line { stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
.line.bound { stroke-dasharray: 4 4; stroke-width: 1.4; }
.shaded { fill: var(--shade); }
.fault { stroke: var(--fault); stroke-width: 1.5; }
.tip { fill: transparent; } .tip:hover { fill: var(--muted); fill-opacity: 0.18; }
${strokes.map((name) => `.${name} { stroke: var(--${name}); border-color: var(--${name}); }`).join('\n')}
${cells.map((name) => `.share-${name} { stroke: var(--${name}); background: var(--${name}); }`).join('\n')}
`;

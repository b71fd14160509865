/** How the page looks. Text has a contrast of 4.5:1 with what it stands on, in both themes. */

const light = `
  color-scheme: light;
  --page: #f6f7f9; --panel: #fff; --text: #1b1f27; --muted: #5c6575; --line: #d5d9e0; --focus: #0a5cc4; --hit: #d81b60;
  --box-text: #14181f; --app: #ffb561; --package: #84c5f4; --module: #a9d68a; --node: #cdb8f0; --native: #cdd2da; --gc: #f59a90; --root: #e4e7ec;
`;

const dark = `
  color-scheme: dark;
  --page: #0e1116; --panel: #161a21; --text: #e6e9ef; --muted: #98a2b3; --line: #39414f; --focus: #79b8ff; --hit: #ff6fa3;
  --box-text: #fff; --app: #8f5200; --package: #0f5f94; --module: #35691a; --node: #6343a3; --native: #4a5261; --gc: #a3352a; --root: #2c3443;
`;

export const pageStyle = `
:root { ${light} }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { ${dark} } }
:root[data-theme="dark"] { ${dark} }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
h1, h2, p, dl, dd, ul { margin: 0; padding: 0; }
h1 { font-size: 15px; font-weight: 650; }
h2 { font-size: 13px; font-weight: 600; margin-top: 10px; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 1px; }
.soft { color: var(--muted); }
header { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: center; padding: 9px 20px; background: var(--panel); border-bottom: 1px solid var(--line); }
header p { order: 1; }
header button { order: 2; margin-left: auto; }
main { display: grid; gap: 10px; grid-template-columns: minmax(0, 1fr); padding: 14px 20px 40px; }
button, select, input { font: inherit; color: var(--text); background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; min-height: 30px; max-width: 100%; }
button { cursor: pointer; }
input::placeholder { color: var(--muted); opacity: 1; }
.controls { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
.controls label { display: inline-flex; gap: 7px; align-items: center; min-width: 0; }
#search { width: 220px; }
#found { font-weight: 600; }
#found:empty { display: none; }
#facts, #legend { display: flex; flex-wrap: wrap; gap: 4px 22px; list-style: none; }
#facts div { display: flex; gap: 7px; }
dt { color: var(--muted); }
dd { font-weight: 600; }
#legend li { display: inline-flex; gap: 6px; align-items: center; white-space: nowrap; }
.swatch { width: 13px; height: 13px; border-radius: 3px; }
#details { position: sticky; top: 0; z-index: 2; min-height: 3.6em; padding: 8px 12px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; overflow-wrap: anywhere; }
#what { display: block; font-weight: 600; }
.flame-frame { border: 1px solid var(--line); border-radius: 8px; background: var(--panel); padding: 4px; }
#flame { position: relative; overflow: hidden; }
.box { position: absolute; height: 20px; overflow: hidden; padding: 0 4px; font-size: 12px; line-height: 20px; white-space: nowrap; text-overflow: ellipsis; color: var(--box-text); border-right: 1px solid var(--panel); cursor: pointer; }
.box:hover { filter: brightness(1.12); }
.box:focus-visible { outline-offset: -2px; z-index: 1; }
.above { opacity: 0.7; }
.miss { opacity: 0.3; }
.hit { box-shadow: inset 0 -3px var(--hit); }
.root { background: var(--root); }
.app { background: var(--app); }
.package { background: var(--package); }
.module { background: var(--module); }
.node { background: var(--node); }
.native { background: var(--native); }
.gc { background: var(--gc); }
.scroll { overflow-x: auto; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 4px 12px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 3px 14px 3px 0; white-space: nowrap; font-weight: 400; }
th { color: var(--muted); }
th:nth-child(-n + 2), td:nth-child(-n + 2) { text-align: right; }
td:last-child { width: 100%; color: var(--muted); }
td button { border: 0; background: none; padding: 0; min-height: 24px; font-weight: 550; text-align: left; }
td button:hover { text-decoration: underline; }
@media (max-width: 600px) {
  header { padding: 9px 12px; }
  header p { order: 3; flex-basis: 100%; }
  main { padding: 12px 12px 32px; }
  button, select, input { min-height: 40px; font-size: 16px; }
  td button { min-height: 32px; font-size: 13px; }
  .controls label { width: 100%; }
  .controls select, #search { flex: 1; width: auto; min-width: 0; }
}
@media (prefers-contrast: more) { .box { border-right-color: var(--text); } }
`;

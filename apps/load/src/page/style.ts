/** How page and report look. */
import { chartStyle } from './style-charts.ts';
import { themeStyle } from './style-theme.ts';

const layoutStyle = `
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, p, dl, dd, figure { margin: 0; }
h1 { font-size: 15px; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 12.5px; font-weight: 600; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 12px; top: 8px; z-index: 5; background: var(--panel); padding: 8px 12px; }
main { max-width: 1720px; margin: 0 auto; padding: 14px 20px 40px; display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
.soft, .note, .hint, .unit { color: var(--muted); }
.note { font-weight: 400; font-size: 12px; margin-left: 8px; }
.is-bad { color: var(--bad-text); }
.is-good { color: var(--good-text); }

.top { position: sticky; top: 0; z-index: 3; background: var(--panel); border-bottom: 1px solid var(--line); }
.top-line { max-width: 1720px; margin: 0 auto; padding: 9px 20px; display: flex; align-items: center; gap: 14px; }
.title { min-width: 0; display: flex; align-items: baseline; gap: 10px; flex: 0 1 auto; }
.title h1, .target { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.target { color: var(--muted); min-width: 0; }
.state { display: inline-flex; align-items: center; gap: 7px; padding: 2px 10px; border-radius: 99px; border: 1px solid var(--line); font-size: 12px; font-weight: 600; white-space: nowrap; }
.state::before { content: ""; width: 7px; height: 7px; border-radius: 50%; background: var(--grey); }
.state[data-status="running"]::before { background: var(--green); }
.state[data-status="paused"]::before, .state[data-status="ending"]::before { background: var(--orange); }
.state[data-status="failed"]::before { background: var(--red); }
.clock { color: var(--muted); white-space: nowrap; }
.top-tools { margin-left: auto; display: flex; gap: 8px; align-items: center; }
.links { display: flex; gap: 8px; }
progress { appearance: none; display: block; width: 100%; height: 3px; border: 0; background: transparent; margin-bottom: -2px; position: relative; }
progress::-webkit-progress-bar { background: transparent; }
progress::-webkit-progress-value { background: var(--accent); }
progress::-moz-progress-bar { background: var(--accent); }

.button {
  font: inherit; font-size: 12.5px; font-weight: 550; color: var(--text); background: var(--button); border: 1px solid var(--line-strong);
  border-radius: 6px; padding: 4px 11px; min-height: 30px; cursor: pointer; text-decoration: none; white-space: nowrap;
  display: inline-flex; align-items: center;
}
.button:hover { background: var(--hover); }
.button:disabled { opacity: 0.5; cursor: default; }
.button.quiet { border-color: transparent; background: transparent; color: var(--muted); }
.button.quiet:hover { background: var(--hover); color: var(--text); }
.button.danger { color: var(--bad-text); }
.button.solid { background: var(--bad-solid); border-color: var(--bad-solid); color: #fff; }

.banner { padding: 9px 14px; border-radius: 8px; border: 1px solid; font-weight: 550; }
.banner.bad { background: var(--bad-soft); border-color: var(--bad-line); color: var(--bad-text); }
.banner { background: var(--panel); border-color: var(--line-strong); }
.banner.warn { background: var(--warn-soft); border-color: var(--warn-line); color: var(--warn-text); }

.facts { display: flex; flex-wrap: wrap; gap: 4px 26px; }
.facts div { display: flex; gap: 7px; min-width: 0; }
.facts dt { color: var(--muted); flex: none; }
.facts dd { overflow-wrap: anywhere; }

.controls { display: flex; flex-wrap: wrap; align-items: center; gap: 10px 18px; padding: 9px 12px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
.level { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
.level label { font-weight: 600; }
.steps, .run-buttons { display: inline-flex; gap: 6px; }
.steps { margin-left: 8px; }
.run-buttons { margin-left: auto; }
input[type="number"], input[type="search"] {
  font: inherit; font-variant-numeric: tabular-nums; color: var(--text); background: var(--field); border: 1px solid var(--line-strong);
  border-radius: 6px; padding: 4px 9px; min-height: 30px;
}
input::placeholder { color: var(--muted); opacity: 1; }
input[type="number"] { width: 110px; }
.control-problem { color: var(--bad-text); flex-basis: 100%; }
.control-problem:empty { display: none; }
.dialog { border: 1px solid var(--line-strong); border-radius: 10px; background: var(--panel); color: var(--text); padding: 20px; max-width: min(420px, calc(100vw - 32px)); }
.dialog::backdrop { background: rgb(0 0 0 / 0.45); }
.dialog h2 { font-size: 15px; margin-bottom: 6px; }
.dialog-buttons { display: flex; gap: 8px; justify-content: flex-end; margin-top: 16px; }

.figures { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); background: var(--line); border: 1px solid var(--line); border-radius: 8px; gap: 1px; overflow: hidden; }
.figure { background: var(--panel); padding: 10px 14px 9px; display: flex; flex-direction: column; min-width: 0; }
.figure-label { color: var(--muted); font-size: 12px; }
.figure-value { font-size: 21px; line-height: 1.3; font-weight: 600; letter-spacing: -0.02em; white-space: nowrap; }
.figure-note { color: var(--muted); font-size: 12px; min-height: 1.45em; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.figure.is-bad .figure-value { color: var(--bad-text); }

.interventions { display: flex; flex-wrap: wrap; gap: 6px; }
.mark { font-size: 12px; padding: 2px 9px; border-radius: 99px; border: 1px dashed var(--mark); }
.charts-bar { margin-top: 4px; }
.grid { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; }
.rest { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
.rest:empty { display: none; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 12.5px; }
th, td { text-align: left; padding: 4px 12px 4px 0; white-space: nowrap; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-size: 12px; border-bottom: 1px solid var(--line); }
tbody tr + tr > * { border-top: 1px solid var(--line-soft); }
tbody th { font-weight: 550; }
.number { text-align: right; }
thead .number { text-align: right; }
.scroll + .scroll { margin-top: 14px; }
.thresholds { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr)); gap: 8px; }
.threshold { display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: baseline; padding: 7px 11px; border-radius: 6px; border: 1px solid var(--line); border-left: 3px solid var(--green); }
.threshold.is-missed { border-left-color: var(--red); background: var(--bad-soft); }
.threshold .soft { margin-left: auto; }
.threshold b { color: var(--text); font-weight: 600; }
.threshold-text { font-weight: 550; }
.is-met .verdict { color: var(--good-text); }
.is-missed .verdict { color: var(--bad-text); }
.verdict { font-weight: 600; }
.series { border-top: 1px solid var(--line); padding: 4px 0; }
.series summary { cursor: pointer; padding: 6px 0; display: flex; gap: 10px; align-items: baseline; flex-wrap: wrap; }
.series summary::before { content: "▸"; color: var(--muted); width: 10px; }
.series[open] summary::before { content: "▾"; }
.series-name { font-weight: 600; }
.plain { margin: 0; padding: 0; list-style: none; }

@media (max-width: 1100px) { .figures { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
@media (max-width: 860px) { .grid { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 600px) {
  main { padding: 12px 12px 32px; }
  .top { position: static; }
  .top-line { flex-wrap: wrap; gap: 6px 10px; padding: 9px 12px; }
  .title { flex: 1 0 100%; flex-direction: column; gap: 0; }
  .title h1, .target { max-width: 100%; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .facts { flex-direction: column; }
  .facts dt { width: 62px; }
  .button, input[type="number"], input[type="search"] { min-height: 40px; }
  input[type="number"], input[type="search"] { font-size: 16px; }
  .level { width: 100%; }
  .level input { flex: 1; min-width: 90px; }
  .steps { width: 100%; margin: 0; }
  .steps .button { flex: 1; justify-content: center; padding: 4px; }
  .run-buttons { width: 100%; }
  .run-buttons .button { flex: 1; justify-content: center; }
}
@media print { .top { position: static; } .charts-bar, .top-tools { display: none; } .panel { break-inside: avoid; } }
`;

export const pageStyle = `${themeStyle}${layoutStyle}${chartStyle}`;

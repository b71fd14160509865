/** How charts, their legends and the list of metrics look. */

const SWATCHES = [
  'text',
  'blue',
  'sky',
  'green',
  'orange',
  'red',
  'purple',
  'yellow',
  'grey',
  'pink',
  'brown',
];

export const chartStyle = `
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px 10px; min-width: 0; position: relative; scroll-margin-top: 64px; }
.panel-head { display: flex; align-items: center; justify-content: space-between; gap: 10px; min-height: 28px; margin-bottom: 4px; }
.panel-head .note { white-space: nowrap; }
.plot { position: relative; margin-left: -6px; overflow: hidden; border-radius: 4px; }
.uplot { position: absolute; inset: 0 auto auto 0; }
.u-over { cursor: crosshair; }
.u-hz .u-cursor-x { border-right: 1px solid var(--muted); opacity: 0.7; }
.u-hz .u-cursor-y { border-bottom: 1px solid var(--muted); opacity: 0.5; }
.u-select { background: var(--select); }
.empty { position: absolute; inset: 45% 0 auto; text-align: center; color: var(--muted); pointer-events: none; }
.empty-text { color: var(--muted); padding: 24px 4px; }

.segments { display: inline-flex; border: 1px solid var(--line-strong); border-radius: 6px; overflow: hidden; }
.segments button { font: inherit; font-size: 12px; color: var(--muted); background: var(--button); border: 0; padding: 3px 10px; min-height: 26px; cursor: pointer; white-space: nowrap; }
.segments button + button { border-left: 1px solid var(--line-strong); }
.segments button[aria-pressed="true"] { color: var(--text); background: var(--pressed); font-weight: 600; }
.segments button:focus-visible { outline-offset: -2px; }
.view { display: flex; align-items: center; gap: 12px; flex-wrap: wrap; }
.hint { font-size: 12px; }

.legend { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 4px; font-size: 12px; padding-top: 6px; min-height: 32px; }
.legend-time { color: var(--muted); min-width: 40px; }
.legend-item { font: inherit; color: inherit; background: none; border: 0; border-radius: 5px; padding: 2px 6px; display: inline-flex; align-items: center; gap: 6px; max-width: 100%; }
button.legend-item { cursor: pointer; }
button.legend-item:hover { background: var(--hover); }
.legend-item[aria-pressed="false"] { opacity: 0.45; text-decoration: line-through; }
.legend-label { color: var(--muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.legend-value { font-weight: 600; white-space: nowrap; }
.legend-text { flex: 1; }
.swatch { width: 10px; height: 10px; border-radius: 3px; flex: none; }
.swatch.dashed { height: 3px; }
${SWATCHES.map((name) => `.swatch.${name} { background: var(--${name}); }`).join('\n')}
.heat-key { display: inline-flex; align-items: center; gap: 6px; color: var(--muted); }
.heat-ramp { width: 84px; height: 9px; border-radius: 3px; background: var(--heat); }

.spark { width: 132px; height: 26px; display: block; margin-left: auto; }
.flows .number { min-width: 62px; }

.metric-parts { display: grid; grid-template-columns: minmax(260px, 3fr) minmax(0, 7fr); gap: 18px; }
.metric-picker { display: flex; flex-direction: column; gap: 8px; min-width: 0; }
.metric-list { overflow-y: auto; height: 0; flex: 1 1 320px; border: 1px solid var(--line); border-radius: 6px; padding: 4px; }
.metric { display: flex; align-items: flex-start; gap: 8px; padding: 4px 6px; border-radius: 5px; cursor: pointer; font-size: 12px; }
.metric:hover { background: var(--hover); }
.metric input { margin: 2px 0 0; accent-color: var(--accent); flex: none; }
.metric-name { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.metric-labels { color: var(--muted); display: block; }
.metric-value { font-weight: 600; white-space: nowrap; }
.metric-plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px 18px; align-content: start; min-width: 0; }
.metric-plots .panel { border: 0; padding: 0; }
.metric-plots .legend-time { position: absolute; top: 5px; right: 6px; min-width: 0; }
.metric-plots .legend-item { width: 100%; }
.metric-plots .legend-value { margin-left: auto; }

@media (max-width: 1100px) { .metric-plots { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 860px) {
  .metric-parts { grid-template-columns: minmax(0, 1fr); }
  .metric-list { height: auto; flex: none; max-height: 280px; }
}
@media (max-width: 600px) {
  .panel { padding: 9px 10px; }
  .panel-head { flex-wrap: wrap; }
  .panel-head .note { white-space: normal; }
  .segments button, button.legend-item, .metric { min-height: 40px; }
  .metric { align-items: center; }
  .metric input { width: 18px; height: 18px; margin: 0; }
  .hint { display: none; }
  .legend-text { flex: 1 0 75%; }
  .heat-key { margin-left: 44px; }
}
`;

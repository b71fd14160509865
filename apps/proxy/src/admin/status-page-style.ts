/** How the status page looks; by day and by night, wide and narrow. */
export const statusPageStyle = `:root {
  color-scheme: light dark;
  --ink: light-dark(#1b1f24, #e6e9ed);
  --quiet: light-dark(#65707c, #97a1ac);
  --line: light-dark(#dfe3e8, #30363d);
  --page: light-dark(#f6f7f9, #0f1216);
  --card: light-dark(#ffffff, #171b21);
  --good: light-dark(#1a7f37, #3fb950);
  --bad: light-dark(#cf222e, #f85149);
  --wait: light-dark(#9a6700, #d29922);
  --bar: light-dark(#0969da, #4493f8);
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem clamp(1rem, 4vw, 3rem); background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; margin-bottom: 1.25rem; }
h1 { font-size: 1.35rem; margin: 0; }
header p { margin: 0; color: var(--quiet); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1rem 1.25rem; margin-bottom: 1rem; overflow-x: auto; }
h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
h2 small { font-weight: normal; color: var(--quiet); margin-left: .5rem; }
h2 .panic { color: var(--bad); font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--quiet); font-size: .85rem; }
th, td { padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { border-top: 0; }
th.n, td.n { text-align: right; }
td.why { color: var(--quiet); white-space: normal; min-width: 10rem; }
.dot { display: inline-block; width: .6rem; height: .6rem; border-radius: 50%; margin-right: .4rem; background: var(--wait); }
.healthy .dot, .ready .dot { background: var(--good); }
.unhealthy .dot, .ejected .dot, .gone .dot { background: var(--bad); }
.disabled .dot { background: var(--quiet); }
.load { display: inline-block; width: 5rem; height: .5rem; border-radius: 3px; background: var(--line); vertical-align: middle; margin-left: .5rem; }
.load i { display: block; height: 100%; border-radius: 3px; background: var(--bar); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0 0 .75rem; }
dt { color: var(--quiet); font-size: .85rem; line-height: 1.75; }
dd { margin: 0; overflow-wrap: anywhere; }
dd.refused { color: var(--bad); white-space: pre-wrap; }
dd small { display: inline-block; color: var(--quiet); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
nav a { color: var(--bar); }
`;

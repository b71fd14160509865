/** The status page: one static document that reads `/api/services` every two seconds. */
export const statusPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headgate</title>
<style>
:root {
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
.healthy .dot { background: var(--good); }
.unhealthy .dot, .ejected .dot { background: var(--bad); }
.load { display: inline-block; width: 5rem; height: .5rem; border-radius: 3px; background: var(--line); vertical-align: middle; margin-left: .5rem; }
.load i { display: block; height: 100%; border-radius: 3px; background: var(--bar); }
nav a { color: var(--bar); margin-right: 1rem; }
</style>
<header><h1>Headgate</h1><p id="state">loading</p></header>
<main id="services"></main>
<nav><a href="/metrics">metrics</a><a href="/api/services">services as JSON</a><a href="/ready">ready</a></nav>
<script>
const main = document.getElementById('services');
const state = document.getElementById('state');
const before = new Map();
let beforeAt = 0;

function cell(text, className) {
  const td = document.createElement('td');
  td.textContent = text;
  if (className) td.className = className;
  return td;
}

function row(service, upstream, elapsedSeconds, busiest) {
  const tr = document.createElement('tr');
  const fact = upstream.isDisabled ? 'disabled' : upstream.isDraining ? 'draining' :
    upstream.presence === 'out' ? 'ejected' :
    upstream.presence === 'returning' ? 'returning' : upstream.verdict;
  const latest = upstream.history.at(-1);
  const why = latest ? latest.what + ': ' + latest.reason : upstream.reason ?? '';
  tr.className = fact;
  const name = cell(upstream.url);
  name.prepend(Object.assign(document.createElement('span'), { className: 'dot' }));
  const key = service.name + ' ' + upstream.url;
  const last = before.get(key);
  const rate = last === undefined || elapsedSeconds <= 0 ? '' :
    (Math.max(0, upstream.requests - last) / elapsedSeconds).toFixed(1);
  before.set(key, upstream.requests);
  const flight = cell(upstream.inFlight, 'n');
  const load = Object.assign(document.createElement('span'), { className: 'load' });
  const fill = document.createElement('i');
  fill.style.width = (busiest ? (100 * upstream.inFlight) / busiest : 0) + '%';
  load.append(fill);
  flight.append(load);
  tr.append(name, cell(fact), cell(upstream.weight, 'n'), flight, cell(rate, 'n'),
    cell(upstream.requests.toLocaleString(), 'n'), cell(upstream.failures.toLocaleString(), 'n'),
    cell(upstream.latencyMs === undefined ? '' : upstream.latencyMs + ' ms', 'n'),
    cell(upstream.limit ?? '', 'n'), cell(why, 'why'));
  return tr;
}

function card(service, elapsedSeconds) {
  const section = document.createElement('section');
  const title = document.createElement('h2');
  title.textContent = service.name;
  const facts = document.createElement('small');
  facts.textContent = service.policy + ', ' + service.inFlight + ' in flight, ' + service.queued +
    ' queued, ' + service.shed + ' shed';
  title.append(facts);
  if (service.isPanicking) {
    title.append(Object.assign(document.createElement('small'),
      { className: 'panic', textContent: 'panic: health is ignored' }));
  }
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  for (const [text, className] of [['upstream'], ['verdict'], ['weight', 'n'], ['in flight', 'n'],
    ['requests/s', 'n'], ['requests', 'n'], ['failures', 'n'], ['latency', 'n'],
    ['limit', 'n'], ['latest']]) {
    const th = document.createElement('th');
    th.textContent = text;
    if (className) th.className = className;
    head.append(th);
  }
  const busiest = Math.max(...service.upstreams.map((upstream) => upstream.inFlight));
  const body = table.createTBody();
  for (const upstream of service.upstreams) body.append(row(service, upstream, elapsedSeconds, busiest));
  section.append(title, table);
  return section;
}

async function refresh() {
  try {
    const answer = await fetch('/api/services');
    const { services } = await answer.json();
    const now = performance.now();
    const elapsedSeconds = (now - beforeAt) / 1000;
    beforeAt = now;
    main.replaceChildren(...services.map((service) => card(service, elapsedSeconds)));
    state.textContent = 'updated ' + new Date().toLocaleTimeString();
  } catch {
    state.textContent = 'not reachable; trying again';
  }
  setTimeout(refresh, 2000);
}
refresh();
</script>
</html>
`;

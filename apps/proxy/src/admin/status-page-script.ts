/**
 * What the status page does: reads the API every two seconds and shows what it says. Runs in the
 * browser as it stands here.
 */
export const statusPageScript = `
const edge = document.getElementById('edge');
const main = document.getElementById('services');
const kept = document.getElementById('cache');
const state = document.getElementById('state');
const before = new Map();
let beforeAt = 0;

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function cell(text, className) {
  return element('td', text, className);
}

function named(text) {
  const td = cell(text);
  td.prepend(element('span', '', 'dot'));
  return td;
}

function table(titles, rows) {
  const made = document.createElement('table');
  const head = made.createTHead().insertRow();
  for (const [text, className] of titles) head.append(element('th', text, className));
  made.createTBody().append(...rows);
  return made;
}

function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes] = [86400, 3600, 60].map((unit) => Math.floor(seconds / unit));
  return days ? days + 'd ' + (hours % 24) + 'h' : hours ? hours + 'h ' + (minutes % 60) + 'm' :
    minutes ? minutes + 'm ' + (seconds % 60) + 's' : seconds + 's';
}

function ago(at) {
  return span(Date.now() - at) + ' ago';
}

function operatorWords(entry) {
  return [entry.state, entry.weight === undefined ? undefined : 'weight ' + entry.weight]
    .filter(Boolean).join(', ');
}

function fact(list, name, text, aside, className) {
  const value = element('dd', text, className);
  if (aside) value.append(' ', element('small', aside));
  list.append(element('dt', name), value);
}

function edgeCard(status, workers) {
  const section = document.createElement('section');
  const title = element('h2', 'edge');
  title.append(element('small', 'version ' + status.version + ', up ' +
    span(Date.now() - status.startedAt) + (status.isDraining ? ', draining' : '')));
  const facts = document.createElement('dl');
  fact(facts, 'config', status.config.file, 'loaded ' + ago(status.config.loadedAt) +
    ', generation ' + status.config.generation);
  const refusal = status.config.lastRefusal;
  if (refusal) fact(facts, 'refused', refusal.why, ago(refusal.at), 'refused');
  for (const entry of status.operator.filter((each) => !each.isPresent)) {
    fact(facts, 'operator', entry.service + ' ' + entry.upstream + ': ' + operatorWords(entry),
      'not there now');
  }
  fact(facts, 'workers', status.workers.ready + ' of ' + status.workers.asked + ' ready');
  const rows = workers.map((worker) => {
    const tr = document.createElement('tr');
    tr.className = worker.state;
    tr.append(named(worker.id), cell(worker.pid, 'n'), cell(worker.state),
      cell(worker.connections.toLocaleString(), 'n'), cell(worker.inFlight.toLocaleString(), 'n'),
      cell(worker.requests.toLocaleString(), 'n'),
      cell(worker.memoryBytes === undefined ? '' : Math.round(worker.memoryBytes / 2 ** 20) + ' MiB', 'n'),
      cell(span(worker.ageMs), 'n'));
    return tr;
  });
  section.append(title, facts, table([['worker'], ['pid', 'n'], ['state'], ['connections', 'n'],
    ['in flight', 'n'], ['requests', 'n'], ['memory', 'n'], ['age', 'n']], rows));
  return section;
}

function row(service, upstream, entry, elapsedSeconds, busiest) {
  const tr = document.createElement('tr');
  const what = upstream.isDisabled ? 'disabled' : upstream.isDraining ? 'draining' :
    upstream.presence === 'out' ? 'ejected' :
    upstream.presence === 'returning' ? 'returning' : upstream.verdict;
  const latest = upstream.history.at(-1);
  const why = entry ? 'operator: ' + operatorWords(entry) :
    latest ? latest.what + ': ' + latest.reason : upstream.reason ?? '';
  tr.className = what;
  const key = service.name + ' ' + upstream.url;
  const last = before.get(key);
  const rate = last === undefined || elapsedSeconds <= 0 ? '' :
    (Math.max(0, upstream.requests - last) / elapsedSeconds).toFixed(1);
  before.set(key, upstream.requests);
  const flight = cell(upstream.inFlight, 'n');
  const load = element('span', '', 'load');
  const fill = document.createElement('i');
  fill.style.width = (busiest ? (100 * upstream.inFlight) / busiest : 0) + '%';
  load.append(fill);
  flight.append(load);
  tr.append(named(upstream.url), cell(what), cell(upstream.weight, 'n'), flight, cell(rate, 'n'),
    cell(upstream.requests.toLocaleString(), 'n'), cell(upstream.failures.toLocaleString(), 'n'),
    cell(upstream.latencyMs === undefined ? '' : upstream.latencyMs + ' ms', 'n'),
    cell(upstream.limit ?? '', 'n'), cell(why, 'why'));
  return tr;
}

function serviceCard(service, operator, elapsedSeconds) {
  const section = document.createElement('section');
  const title = element('h2', service.name);
  title.append(element('small', service.policy + ', ' + service.inFlight + ' in flight, ' +
    service.queued + ' queued, ' + service.shed + ' shed'));
  if (service.isPanicking) title.append(element('small', 'panic: health is ignored', 'panic'));
  const busiest = Math.max(...service.upstreams.map((upstream) => upstream.inFlight));
  const entryOf = (upstream) => operator.find((entry) =>
    entry.service === service.name && entry.upstream === upstream.url);
  section.append(title, table([['upstream'], ['verdict'], ['weight', 'n'], ['in flight', 'n'],
    ['requests/s', 'n'], ['requests', 'n'], ['failures', 'n'], ['latency', 'n'],
    ['limit', 'n'], ['latest']], service.upstreams.map((upstream) =>
    row(service, upstream, entryOf(upstream), elapsedSeconds, busiest))));
  return section;
}

function cacheCard(cache) {
  const kinds = ['hits', 'stale', 'collapsed', 'misses', 'passes'];
  const all = kinds.reduce((sum, kind) => sum + cache[kind], 0);
  if (all === 0 && cache.entries === 0 && !cache.redis) return [];
  const section = document.createElement('section');
  const part = (count) => all === 0 ? '' : (100 * count / all).toFixed(1) + ' %';
  const mebibytes = (bytes) => Math.round(bytes / 2 ** 20).toLocaleString() + ' MiB';
  const title = element('h2', 'cache');
  if (all > 0) title.append(element('small', part(cache.hits + cache.stale) + ' answered from it'));
  const facts = document.createElement('dl');
  fact(facts, 'memory', mebibytes(cache.sizeBytes) + ' of ' + mebibytes(cache.maxSizeBytes),
    cache.entries.toLocaleString() + ' answers');
  if (cache.redis) {
    const { isOpen, isInStep, lastError } = cache.redis;
    fact(facts, 'redis', isOpen ? 'out of reach, and left alone for a while' :
      isInStep ? 'in use' : 'not used until all purges are known', lastError,
      isOpen || !isInStep ? 'refused' : undefined);
  }
  const counts = document.createElement('tr');
  for (const kind of kinds) {
    const td = cell(cache[kind].toLocaleString(), 'n');
    td.append(' ', element('small', part(cache[kind])));
    counts.append(td);
  }
  section.append(title, facts, table(kinds.map((kind) => [kind, 'n']), [counts]));
  return [section];
}

async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(path);
  return answer.json();
}

async function refresh() {
  try {
    const [status, { workers }, { services }, cache] = await Promise.all(
      ['/api/status', '/api/workers', '/api/services', '/api/cache'].map(read));
    const now = performance.now();
    const elapsedSeconds = (now - beforeAt) / 1000;
    beforeAt = now;
    edge.replaceChildren(edgeCard(status, workers));
    main.replaceChildren(...services.map((service) =>
      serviceCard(service, status.operator, elapsedSeconds)));
    kept.replaceChildren(...cacheCard(cache));
    state.textContent = 'updated ' + new Date().toLocaleTimeString();
  } catch {
    state.textContent = 'not reachable; trying again';
  }
  setTimeout(refresh, 2000);
}
refresh();
`;

/// <reference lib="dom" />
/** The top of the page: what runs, how far it is, and what is to be known about it first. */
import { element, find, get, setText } from './element.ts';
import { formatClock, formatNumber } from './format.ts';
import { endOfSlices, type RunData } from './run-data.ts';

const ENDS = { complete: 'ended', stopped: 'stopped', failed: 'failed' };

export function showHeader(run: RunData): void {
  const { header, state, result } = run;
  const status = result === undefined ? (state?.status ?? 'starting') : ENDS[result.end];
  const elapsedS = (result?.durationMs ?? state?.elapsedMs ?? endOfSlices(run) * 1_000) / 1_000;
  const plannedS = header.durationMs / 1_000;
  setText(get('name'), header.name);
  setText(get('target'), header.target);
  setText(get('state'), status);
  get('state').dataset.status = status;
  setText(get('clock'), `${formatClock(elapsedS)} / ${formatClock(plannedS)}`);
  const progress = get<HTMLProgressElement>('progress');
  progress.value = result === undefined ? Math.min(elapsedS / Math.max(plannedS, 1e-3), 1) : 1;
  document.title = `${result === undefined ? `${formatClock(elapsedS)} ` : ''}${header.name} · headgate-load`;
  showFacts(run);
  showSaturation(run);
  showInterventions(run);
  const problem = get('problem');
  problem.hidden = result?.problem == null;
  setText(problem, result?.problem ?? '');
}

function showFacts({ header }: RunData): void {
  const facts = get('facts');
  const started = new Date(header.startedAt);
  const pairs = [
    ['Load', header.load],
    ['Seed', String(header.seed)],
    ['Machine', header.machine],
    ['Started', Number.isNaN(started.getTime()) ? header.startedAt : started.toLocaleString()],
  ];
  const text = JSON.stringify(pairs);
  if (facts.dataset.shown === text) return;
  facts.dataset.shown = text;
  facts.replaceChildren(
    ...pairs.map(([label = '', value = '']) =>
      element('div', {}, element('dt', {}, label), element('dd', {}, value)),
    ),
  );
}

function showSaturation({ slices }: RunData): void {
  const saturated = slices.filter(({ generator }) => generator.isSaturated).length;
  const banner = get('saturation');
  banner.hidden = saturated === 0;
  if (saturated === 0) return;
  setText(
    banner,
    `The generator was saturated in ${formatNumber(saturated)} of ${formatNumber(slices.length)} seconds: the latencies of those seconds are partly its own. Add workers, or lower the rate.`,
  );
}

function showInterventions({ marks }: RunData): void {
  const box = get('interventions');
  box.hidden = marks.length === 0;
  if (box.childElementCount === marks.length) return;
  box.replaceChildren(
    ...marks.map(({ atS, text }) =>
      element('span', { class: 'mark' }, element('b', {}, formatClock(atS)), ` ${text}`),
    ),
  );
}

/** While the server lives, it has the report and the result. */
export function showLinks(isThere: boolean): void {
  const links = find('links');
  if (links === undefined || links.childElementCount > 0 === isThere) return;
  links.replaceChildren(
    ...(isThere
      ? [
          element('a', { class: 'button', href: '/report.html', target: '_blank' }, 'Report'),
          element(
            'a',
            { class: 'button', href: '/result.json', download: 'result.json' },
            'Result JSON',
          ),
        ]
      : []),
  );
}

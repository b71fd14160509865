/** One load test from beginning to end: check, set up, load, tear down, judge, report. */
import { writeFileSync } from 'node:fs';
import type { RunArguments } from './command-line.ts';
import { makePlan } from './make-plan.ts';
import type { Problem } from './messages.ts';
import type { Page } from './page/server.ts';
import type { Plan } from './plan.ts';
import type { RunResult } from './result.ts';
import { Run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { checkScenario } from './scenario-check.ts';
import { loadScenario } from './scenario-file.ts';
import type { Scraper } from './scrape.ts';
import { openSetup } from './setup.ts';
import { formatResult } from './summary-text.ts';
import { createTargetGuard } from './target-guard.ts';
import { showProgress, type TerminalOutput } from './terminal.ts';
import { checkThresholds, judge, type Threshold } from './threshold.ts';
import { scenarioOf } from './worker-flows.ts';

export interface Surroundings {
  readonly out: TerminalOutput;
  readonly complain: (text: string) => void;
  /** The first interruption stops the load; another one ends the wait for what is in flight. */
  readonly onInterrupt: (act: () => void) => void;
}

interface Prepared {
  readonly plan: Plan;
  readonly scenario: Scenario;
  readonly thresholds: readonly Threshold[];
}

/**
 * Runs a load test; 0 when it came to its end and every threshold is met, otherwise 1. Rejects,
 * before anything was sent, when the command line and the scenario make no test.
 */
export async function loadTest(args: RunArguments, around: Surroundings): Promise<number> {
  const { plan, scenario, thresholds } = await prepare(args);
  const setup = await openSetup(plan, scenario);
  const scraper = await openScraper(args);
  try {
    const data = await setup.begin();
    try {
      const flows = Object.keys(scenario.flows);
      const run = new Run({ plan, flows, data, metrics: () => scraper?.latest() ?? {} });
      const result = await watched(run, args, around, thresholds);
      for (const problem of scraper?.problems() ?? []) around.complain(`metrics: ${problem}`);
      writeResult(result, args);
      if (args.htmlFile !== undefined) await writeReport(result, args.htmlFile);
      return result.end === 'failed' || result.thresholds.some((one) => !one.isMet) ? 1 : 0;
    } finally {
      await setup.end(data);
    }
  } finally {
    await Promise.all([scraper?.close(), setup.close()]);
  }
}

async function openScraper({ scrape }: RunArguments): Promise<Scraper | undefined> {
  if (scrape.length === 0) return undefined;
  const { createScraper } = await import('./scrape.ts');
  const urls = scrape.map((text) => {
    const url = URL.parse(text);
    if (!url) throw new TypeError(`--scrape takes the URL of a metrics endpoint, not "${text}"`);
    return url;
  });
  return createScraper({ urls, now: () => performance.now() });
}

async function prepare(args: RunArguments): Promise<Prepared> {
  const isFile = /\.(ts|js|mjs)$/.test(args.subject) && !/^\w+:\/\//.test(args.subject);
  const loaded = isFile ? await loadScenario(args.subject) : undefined;
  if (loaded) {
    const problems = checkScenario(loaded);
    if (problems.length > 0) throw new TypeError(`${args.subject}:\n  ${problems.join('\n  ')}`);
  }
  const plan = makePlan(args, loaded);
  const scenario = loaded ?? (scenarioOf(plan) as Scenario);
  createTargetGuard({ ownedHosts: plan.ownedHosts }).check(new URL(plan.target));
  const texts = [...(scenario.thresholds ?? []), ...args.thresholds];
  return { plan, scenario, thresholds: checkThresholds(texts, Object.keys(scenario.flows)) };
}

/** The run with all that shows it: live page and terminal. */
async function watched(
  run: Run,
  args: RunArguments,
  around: Surroundings,
  thresholds: readonly Threshold[],
): Promise<RunResult> {
  around.onInterrupt(() => run.interrupt());
  const page = await openPage(run, args);
  if (page) around.out.write(`live page: ${page.url}\n`);
  const hideProgress = showProgress(run, around.out);
  try {
    const { result, problems } = await run.complete();
    const judged = { ...result, thresholds: thresholds.map((one) => judge(one, result)) };
    hideProgress();
    run.announce(judged);
    around.out.write(`${formatResult(judged, around.out)}\n`);
    for (const problem of problems) around.complain(problemText(problem));
    return judged;
  } finally {
    hideProgress();
    await page?.close();
  }
}

async function openPage(run: Run, { pagePort }: RunArguments): Promise<Page | undefined> {
  if (pagePort === undefined) return undefined;
  // The bundler behind the page costs a run without one nothing.
  const { startPage } = await import('./page/server.ts');
  return startPage(run, { port: pagePort });
}

/** Writes a report that opens offline. */
export async function writeReport(result: RunResult, file: string): Promise<void> {
  const { renderReport } = await import('./page/report.ts');
  writeFileSync(file, await renderReport(result));
}

function writeResult(result: RunResult, { jsonFile }: RunArguments): void {
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(result, null, 1)}\n`);
}

function problemText({ message, stack, count }: Problem): string {
  return `${count} × ${message}\n${stack}`;
}

/** Writes what a run came to as one HTML file. */
import type { RunResult } from '../result.ts';
import { bundlePage } from './bundle.ts';
import { renderReportDocument } from './document.ts';

/** The report: everything in one file, which opens without a network. */
export async function renderReport(result: RunResult): Promise<string> {
  return renderReportDocument(result, await bundlePage());
}

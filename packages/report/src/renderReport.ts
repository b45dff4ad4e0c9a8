import { requireKnownOptions, type OptionNames } from '@protocl/core';

import { renderPage } from './html/renderPage.js';
import { pageDataOf } from './pageData.js';
import type { ReportInput, ScoreTable } from './reportInput.js';

export interface ReportPageOptions {
  /** Tables of all runs together, which stand above everything else over the whole width. */
  readonly overview?: readonly ScoreTable[];
}

export const REPORT_PAGE_OPTIONS: OptionNames<ReportPageOptions> = { overview: true };

/**
 * One self-contained HTML page of some runs: curves of every logged number, scores with their protocol,
 * the embedding of the features, clusters, retrievals, configuration and environment. It opens from a
 * file without any network.
 *
 * @param runs shown side by side, in this order
 * @throws {ProtoclError} `INVALID_SHAPE` if arrays of a run's extras do not fit each other;
 *   `INVALID_PICTURE` for thumbnails that are no JPEG or PNG; `UNKNOWN_OPTION`
 */
export async function renderReport(
  runs: readonly ReportInput[],
  options: ReportPageOptions = {},
): Promise<string> {
  requireKnownOptions('renderReport', options, REPORT_PAGE_OPTIONS);
  return renderPage(pageDataOf(runs, options));
}

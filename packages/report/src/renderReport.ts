import { renderPage } from './html/renderPage.js';
import { pageDataOf } from './pageData.js';
import type { ReportInput } from './reportInput.js';

/**
 * One self-contained HTML page of some runs: curves of every logged number, scores with their protocol,
 * the embedding of the features, clusters, retrievals, configuration and environment. It opens from a
 * file without any network.
 *
 * @param runs shown side by side, in this order
 * @throws {ProtoclError} `INVALID_SHAPE` if arrays of a run's extras do not fit each other
 */
export async function renderReport(runs: readonly ReportInput[]): Promise<string> {
  return renderPage(pageDataOf(runs));
}

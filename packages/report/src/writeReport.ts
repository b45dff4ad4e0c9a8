import { join, resolve } from 'node:path';

import { requireKnownOptions, writeFileAtomic } from '@protocl/core';
import sharp from 'sharp';

import { drawSvg } from './figures/drawSvg.js';
import { reportFigures } from './figures/reportFigures.js';
import { renderReport, REPORT_PAGE_OPTIONS, type ReportPageOptions } from './renderReport.js';
import type { ReportInput } from './reportInput.js';

/** Two pixels of a PNG for each unit of its SVG; 72 would be one. */
const DENSITY = 144;

/** What {@link writeReport} wrote; absolute paths. */
export interface WrittenReport {
  readonly page: string;
  readonly figures: readonly string[];
}

/**
 * Writes `report.html`, and every figure as `figures/NAME.svg` and `figures/NAME.png`.
 *
 * @param folder is made if it is not there
 * @param runs shown side by side, in this order
 * @throws {ProtoclError} what `renderReport` throws; `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function writeReport(
  folder: string,
  runs: readonly ReportInput[],
  options: ReportPageOptions = {},
): Promise<WrittenReport> {
  requireKnownOptions('writeReport', options, REPORT_PAGE_OPTIONS);
  const page = resolve(folder, 'report.html');
  const html = await renderReport(runs, options);
  const figures: string[] = [];
  for (const figure of reportFigures(runs)) {
    const svg = drawSvg(figure);
    const path = join(resolve(folder), 'figures', figure.id);
    await writeFileAtomic(`${path}.svg`, svg);
    await writeFileAtomic(
      `${path}.png`,
      await sharp(Buffer.from(svg), { density: DENSITY }).png().toBuffer(),
    );
    figures.push(`${path}.svg`, `${path}.png`);
  }
  // Last, so that who finds the page finds its figures.
  await writeFileAtomic(page, html);
  return { page, figures };
}

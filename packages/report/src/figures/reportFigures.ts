import { pageDataOf } from '../pageData.js';
import type { ReportInput } from '../reportInput.js';
import { embeddingFigure } from './embeddingFigure.js';
import { slug, type Figure } from './figure.js';
import { treeFigure } from './treeFigure.js';

/** Every figure of a report that a picture can show. */
export function reportFigures(runs: readonly ReportInput[]): Figure[] {
  const { curves, extras } = pageDataOf(runs);
  const ofExtras = extras.flatMap(({ name, concentration, confusion, embedding, tree }, run) => {
    const id = `${slug(name)}-${run + 1}`;
    return [
      concentration,
      confusion,
      embedding && embeddingFigure(`${id}-embedding`, embedding),
      tree && treeFigure(`${id}-tree`, tree),
    ].filter((figure) => figure !== undefined);
  });
  return [...curves, ...ofExtras];
}

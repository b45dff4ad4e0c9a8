import { pageDataOf } from '../pageData.js';
import type { PrototypeNode, ReportInput } from '../reportInput.js';
import { drawable } from './drawable.js';
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
      embedding && drawable(embeddingFigure(`${id}-embedding`, embedding)),
      drawableTree(`${id}-tree`, tree),
    ].filter((figure) => figure !== undefined);
  });
  return [...curves, ...ofExtras];
}

function drawableTree(id: string, tree: readonly PrototypeNode[] | undefined): Figure | undefined {
  const figure = tree && treeFigure(id, tree);
  return figure && drawable(figure);
}

import type { ConcentrationView } from '../reportInput.js';
import { figureOf, frameOf, rounded, type Figure } from './figure.js';

const BINS = 24;

/** How the concentrations of clusters are distributed, the granularities beside each other. */
export function histogramFigure(id: string, views: readonly ConcentrationView[]): Figure {
  const { edges, counts } = histogram(
    views.map(({ values }) => values),
    BINS,
  );
  return figureOf({
    id,
    title: 'Concentration of the clusters',
    option: {
      ...frameOf(views.length > 1),
      tooltip: { trigger: 'axis', confine: true },
      xAxis: {
        type: 'category',
        name: 'φ',
        nameLocation: 'middle',
        nameGap: 26,
        data: counts[0]?.map((_, bin) => `${short(edges[bin]!)} – ${short(edges[bin + 1]!)}`) ?? [],
      },
      yAxis: { type: 'value', name: 'clusters', nameLocation: 'middle', nameGap: 32, minInterval: 1 },
      series: views.map(({ k }, view) => ({ type: 'bar', name: `k = ${k}`, data: counts[view] })),
    },
  });
}

/**
 * Counts values in bins of the same width, over the range of all of them.
 *
 * @returns `edges` [bins + 1], and for each list of values its counts [bins]
 */
export function histogram(
  lists: readonly (readonly number[])[],
  bins: number,
): { readonly edges: readonly number[]; readonly counts: readonly (readonly number[])[] } {
  const all = lists.flat();
  const low = all.reduce((least, value) => Math.min(least, value), Infinity);
  const high = all.reduce((most, value) => Math.max(most, value), -Infinity);
  if (all.length === 0) return { edges: [], counts: lists.map(() => []) };
  // Values that are all the same get a bin around them.
  const width = high > low ? (high - low) / bins : Math.max(Math.abs(low), 1) / bins;
  const counts = lists.map((values) => {
    const counted = new Array<number>(bins).fill(0);
    for (const value of values) counted[Math.min(bins - 1, Math.floor((value - low) / width))]!++;
    return counted;
  });
  return { edges: Array.from({ length: bins + 1 }, (_, edge) => rounded(low + edge * width)), counts };
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

import type { EmbeddingView } from '../reportInput.js';
import { figureOf, frameOf, rounded, type Figure } from './figure.js';

/** Of points on a page's width; below 4 they are squares, which are drawn several times as fast as circles. */
const [SMALLEST_POINT, LARGEST_POINT] = [3.9, 9];

/** How large so many points are on a page, in pixels: large enough to be seen, without hiding each other. */
export function pointSize(count: number): number {
  const size = 310 / Math.sqrt(Math.max(1, count));
  return rounded(Math.min(LARGEST_POINT, Math.max(SMALLEST_POINT, size)));
}

/** The points of an embedding, coloured by class: the figure for files, which nobody can point at. */
export function embeddingFigure(id: string, view: EmbeddingView): Figure {
  const groups = new Map<number, (readonly [number, number])[]>();
  for (const [point, x] of view.x.entries()) {
    const label = view.labels?.[point] ?? 0;
    const group = groups.get(label) ?? [];
    groups.set(label, group);
    group.push([rounded(x), rounded(view.y[point]!)]);
  }
  const named = view.classNames !== undefined && groups.size > 1;
  return figureOf({
    id,
    title: view.method,
    aspect: 0.9,
    option: {
      ...frameOf(named),
      xAxis: { type: 'value', scale: true, show: false },
      yAxis: { type: 'value', scale: true, show: false },
      series: [...groups.entries()]
        .sort(([a], [b]) => a - b)
        .map(([label, data]) => ({
          type: 'scatter',
          name: view.classNames?.[label] ?? String(label),
          data,
          symbolSize: pointSize(view.x.length),
          itemStyle: { opacity: 0.8 },
        })),
    },
  });
}

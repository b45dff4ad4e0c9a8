import type { EmbeddingView } from '../reportInput.js';
import { PALETTE, rounded, type Figure } from './figure.js';

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
  return {
    id,
    title: view.method,
    aspect: 0.9,
    option: {
      color: PALETTE,
      animation: false,
      ...(named && { legend: { type: 'plain', bottom: 0 } }),
      grid: { left: 8, right: 8, top: 8, bottom: named ? 56 : 8 },
      xAxis: { type: 'value', scale: true, show: false },
      yAxis: { type: 'value', scale: true, show: false },
      series: [...groups.entries()]
        .sort(([a], [b]) => a - b)
        .map(([label, data]) => ({
          type: 'scatter',
          name: view.classNames?.[label] ?? String(label),
          data,
          symbolSize: 4,
          itemStyle: { opacity: 0.8 },
        })),
    },
  };
}

import type { ConfusionView } from '../reportInput.js';
import { figureOf, frameOf, type Figure } from './figure.js';

/** Cells with numbers in them, as long as they are large enough to read. */
const MOST_LABELLED_CLASSES = 15;

/** A confusion matrix as the share of each true class, in percent. */
export function confusionFigure(id: string, { classNames, counts, protocol }: ConfusionView): Figure {
  const cells = counts.flatMap((row, truth) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, predicted) => [
      predicted,
      truth,
      total === 0 ? 0 : Number(((100 * count) / total).toFixed(1)),
    ]);
  });
  const labelled = classNames.length <= MOST_LABELLED_CLASSES;
  return figureOf({
    id,
    title: `Confusion matrix: ${protocol}`,
    aspect: 0.9,
    option: {
      ...frameOf(false),
      tooltip: { confine: true },
      xAxis: {
        type: 'category',
        data: classNames,
        name: 'predicted',
        nameLocation: 'middle',
        nameGap: 16,
        nameMoveOverlap: true,
        axisLabel: { rotate: 45, hideOverlap: true },
      },
      yAxis: { type: 'category', data: classNames, inverse: true },
      visualMap: {
        min: 0,
        max: 100,
        dimension: 2,
        show: false,
        inRange: { color: ['#f3f6fa', '#9cbede', '#2f6ca8', '#12355b'] },
      },
      series: [
        {
          type: 'heatmap',
          name: '% of the true class',
          data: cells,
          label: { show: labelled, fontSize: 10 },
        },
      ],
    },
  });
}

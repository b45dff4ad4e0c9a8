import type { Labels } from '@protocl/evaluators';

import type { LabelledImages } from './runData.js';

/**
 * What images show that could be read: a class each, or several; undefined where there are no classes.
 *
 * @param indices int32 [N]: which of the images
 */
export function annotationsOf(
  { labels, annotations }: Pick<LabelledImages, 'labels' | 'annotations'>,
  indices: Int32Array,
): Labels | undefined {
  if (labels) return indices.map((index) => labels[index]!);
  if (annotations === undefined) return undefined;
  const { values, classNames } = annotations;
  const classes = classNames.length;
  const rows = new Int8Array(indices.length * classes);
  indices.forEach((index, row) => {
    rows.set(values.subarray(index * classes, (index + 1) * classes), row * classes);
  });
  return { classes, values: rows };
}

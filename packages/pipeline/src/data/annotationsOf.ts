import type { LabelledImages } from './runData.js';

/** What images show, on the host: a class each, int32 [N], or several. */
export type HostLabels =
  | Int32Array
  | {
      readonly classes: number;
      /** [N · classes], row by row: 1, 0 and -1, as the evaluators take them. */
      readonly values: ArrayLike<number>;
    };

/**
 * What images show that could be read: a class each, or several; undefined where there are no classes.
 *
 * @param indices int32 [N]: which of the images
 */
export function annotationsOf(
  { labels, annotations }: Pick<LabelledImages, 'labels' | 'annotations'>,
  indices: Int32Array,
): HostLabels | undefined {
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

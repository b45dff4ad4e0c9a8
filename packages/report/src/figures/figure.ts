import { drawable } from './drawable.js';

/** A figure as plain data, for the page and for files; {@link figureOf} makes it. */
export interface Figure {
  /** Unique in a report; lower-case letters, digits and hyphens, so that it can name a file. */
  readonly id: string;
  readonly title: string;
  /** Under which heading of the curves it stands. */
  readonly group?: string;
  /** What ECharts draws. */
  readonly option: Readonly<Record<string, unknown>>;
  /** Height over width; 0.6 if not given. */
  readonly aspect?: number;
}

/** A figure that can be drawn whatever its texts are. */
export function figureOf({ title, option, ...rest }: Figure): Figure {
  return { ...rest, title: drawable(title), option: drawable(option) };
}

/**
 * Room for axes, with all that is written at them, above the legend if there is one.
 *
 * @param hasLegend whether there are several series to tell apart
 */
export function frameOf(hasLegend: boolean): Figure['option'] {
  return {
    color: PALETTE,
    animation: false,
    ...(hasLegend && { legend: { type: 'scroll', bottom: 4, itemGap: 12 } }),
    grid: {
      ...{ left: 12, right: 24, top: 16, bottom: hasLegend ? 40 : 8 },
      ...{ outerBoundsMode: 'same', outerBoundsContain: 'all' },
    },
  };
}

/** Colours that are told apart on light and dark ground alike. */
export const PALETTE: readonly string[] = [
  ...['#4e79a7', '#f28e2b', '#59a14f', '#e15759', '#b07aa1', '#9c755f', '#ff9da7', '#76b7b2', '#edc948'],
  ...['#8c8c8c', '#1f9bcf', '#d4a6c8', '#86bc3d', '#d37295', '#a0763b', '#5a6acf', '#2f9e8f', '#c05917'],
];

/** A title as a part of a file name. */
export function slug(text: string): string {
  const plain = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return plain.replaceAll(/^-+|-+$/g, '') || 'figure';
}

/** A number with so many digits as a figure can show. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

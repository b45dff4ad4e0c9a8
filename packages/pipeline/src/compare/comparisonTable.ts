import type { Comparison } from './comparison.js';
import type { Spread } from './spread.js';

/** A column: what it is called, the figure that it shows and how. */
interface Column {
  readonly title: string;
  /** The beginning of the figure's name; of several figures the first is shown. */
  readonly figure: string;
  /** Shown only where no arm has a figure of this name, either. */
  readonly without?: string;
  readonly scale: number;
  readonly digits: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'kNN %', figure: 'knn.', scale: 100, digits: 2 },
  { title: 'linear %', figure: 'linear.accuracy', scale: 100, digits: 2 },
  { title: 'SVM %', figure: 'svm.accuracy', scale: 100, digits: 2 },
  // Of images that show several classes.
  { title: 'SVM mAP %', figure: 'svm.meanAveragePrecision', without: 'svm.accuracy', scale: 100, digits: 2 },
  { title: 'AMI %', figure: 'clusters.adjustedMutualInformation', scale: 100, digits: 2 },
  { title: 'minutes', figure: 'minutes', scale: 1, digits: 1 },
  { title: 'images/s', figure: 'imagesPerSecond', scale: 1, digits: 0 },
  { title: 'peak MiB', figure: 'peakMemoryBytes', scale: 2 ** -20, digits: 0 },
];

/** The columns of a table and its rows, as text. */
export interface ComparisonTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly arm: string; readonly cells: readonly string[] }[];
}

/** Arms in rows, figures as mean ± deviation in columns; columns that no arm has a figure for are left out. */
export function tableOf({ arms, seeds }: Comparison): ComparisonTable {
  const found = arms.map(({ figures }) => COLUMNS.map(({ figure }) => spreadAt(figures, figure)));
  const kept = [...COLUMNS.keys()].filter((column) => {
    const { without } = COLUMNS[column]!;
    const isReplaced = arms.some(({ figures }) => without !== undefined && without in figures);
    return !isReplaced && found.some((row) => row[column] !== undefined);
  });
  return {
    columns: ['seeds', ...kept.map((column) => COLUMNS[column]!.title)],
    rows: arms.map(({ name, runs }, row) => ({
      arm: name,
      cells: [
        runs.length === seeds.length ? String(runs.length) : `${runs.length} of ${seeds.length}`,
        ...kept.map((column) => cell(found[row]![column], COLUMNS[column]!)),
      ],
    })),
  };
}

/** The table in Markdown, its columns aligned for those who read it as it is. */
export function markdownOf({ columns, rows }: ComparisonTable): string {
  const lines = [['arm', ...columns], ...rows.map(({ arm, cells }) => [arm, ...cells])];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length), 4));
  const [heading, ...body] = lines.map((line) =>
    line.map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!))),
  );
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [heading!, rule, ...body].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function spreadAt(figures: Readonly<Record<string, Spread>>, beginning: string): Spread | undefined {
  const name = Object.keys(figures).find((figure) => figure.startsWith(beginning));
  return name === undefined ? undefined : figures[name];
}

function cell(spread: Spread | undefined, { scale, digits }: Column): string {
  if (spread === undefined) return '-';
  const text = (value: number) => (scale * value).toFixed(digits);
  return `${text(spread.mean)} ± ${spread.deviation === null ? '-' : text(spread.deviation)}`;
}

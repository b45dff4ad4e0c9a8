import type { EvaluatorName } from '../commands/evaluate.js';
import { EVALUATOR_TITLES } from '../evaluation/failures.js';
import type { Comparison } from './comparison.js';
import type { Spread } from './spread.js';

/** A column: what it is called, the figures that it shows and how. */
interface Column {
  readonly title: string;
  /** Whether it shows the figure of this name; of several that it might, the first of an arm is shown. */
  readonly shows: (name: string) => boolean;
  readonly scale: number;
  readonly digits: number;
}

/** The columns that figures of a kind have. */
interface Figures extends Pick<Column, 'scale' | 'digits'> {
  /** Of the one column of all of them; or, of the first group of what their names match, of a column for each. */
  readonly title: string | ((part: string) => string);
  readonly names: RegExp;
  /** Left out where some arm has a figure of such a name. */
  readonly without?: RegExp;
}

const percentage = { scale: 100, digits: 2 } as const;

/** In the order of the table. */
const FIGURES: readonly Figures[] = [
  { title: 'kNN %', names: /^knn\./, ...percentage },
  { title: 'linear %', names: /^linear\.accuracy$/, ...percentage },
  { title: 'SVM %', names: /^svm\.accuracy$/, ...percentage },
  // Of images that show several classes.
  { title: 'SVM mAP %', names: /^svm\.meanAveragePrecision$/, without: /^svm\.accuracy$/, ...percentage },
  { title: (k) => `${k}-shot %`, names: /^lowShot\.accuracy@(\d+)$/, ...percentage },
  {
    title: (k) => `${k}-shot mAP %`,
    names: /^lowShot\.meanAveragePrecision@(\d+)$/,
    without: /^lowShot\.accuracy@/,
    ...percentage,
  },
  { title: 'AMI %', names: /^clusters\.adjustedMutualInformation@/, ...percentage },
  { title: 'trust %', names: /^tsne\.trustworthiness@/, ...percentage },
  { title: 'protocol %', names: /^linearProtocol\.top1$/, ...percentage },
  { title: (share) => `${share} labels %`, names: /^semiSupervised\.top1@(.+)$/, ...percentage },
  { title: 'minutes', names: /^minutes$/, scale: 1, digits: 1 },
  { title: 'images/s', names: /^imagesPerSecond$/, scale: 1, digits: 0 },
  { title: 'peak MiB', names: /^peakMemoryBytes$/, scale: 2 ** -20, digits: 0 },
];

/** The columns of a table and its rows, as text. */
export interface ComparisonTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly arm: string; readonly cells: readonly string[] }[];
}

/** Arms in rows, figures as mean ± deviation in columns: those that some arm has. */
export function tableOf({ arms, seeds }: Comparison): ComparisonTable {
  const names = [...new Set(arms.flatMap(({ figures }) => Object.keys(figures)))];
  const columns = columnsFor(names);
  return {
    columns: ['seeds', ...columns.map(({ title }) => title)],
    rows: arms.map(({ name, runs, figures }) => ({
      arm: name,
      cells: [
        runs.length === seeds.length ? String(runs.length) : `${runs.length} of ${seeds.length}`,
        ...columns.map((column) => cell(figures, column, runs.length)),
      ],
    })),
  };
}

/** The columns for figures of these names. */
function columnsFor(all: readonly string[]): Column[] {
  return FIGURES.flatMap(({ title, names, without, ...format }) => {
    if (without && all.some((name) => without.test(name))) return [];
    const found = all.filter((name) => names.test(name));
    if (typeof title === 'string') {
      return found.length > 0 ? [{ title, shows: (name: string) => names.test(name), ...format }] : [];
    }
    return found.map((figure) => ({
      title: title(names.exec(figure)![1]!),
      shows: (name: string) => name === figure,
      ...format,
    }));
  });
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

/** Why some figures are missing, a line for each reason; none where all are there. */
export function missingIn({ arms }: Comparison): string[] {
  const places = new Map<string, string[]>();
  for (const { name, runs } of arms) {
    for (const { seed, failures = {} } of runs) {
      for (const [evaluator, reason] of Object.entries(failures)) {
        const line = `${EVALUATOR_TITLES[evaluator as EvaluatorName]}, no scores: ${reason}`;
        places.set(line, [...(places.get(line) ?? []), `${name}/seed-${seed}`]);
      }
    }
  }
  return [...places].map(([line, runs]) => `${runs.join(', ')}: ${line}`);
}

function cell(
  figures: Readonly<Record<string, Spread>>,
  { shows, scale, digits }: Column,
  runs: number,
): string {
  const [, spread] = Object.entries(figures).find(([name]) => shows(name)) ?? [];
  if (spread === undefined) return '-';
  const text = (value: number) => (scale * value).toFixed(digits);
  const number = spread.n < runs ? ` (${spread.n} of ${runs})` : '';
  return `${text(spread.mean)} ± ${spread.deviation === null ? '-' : text(spread.deviation)}${number}`;
}

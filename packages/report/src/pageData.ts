import { confusionFigure } from './figures/confusionFigure.js';
import { curveFigures } from './figures/curveFigures.js';
import { pointSize } from './figures/embeddingFigure.js';
import { PALETTE, slug, type Figure } from './figures/figure.js';
import { histogramFigure } from './figures/histogramFigure.js';
import { scoreTables } from './figures/scoreTables.js';
import { objectOf, textOf } from './jsonValues.js';
import { requireConsistent } from './requireConsistent.js';
import type { JsonObject, JsonValue, ReportExtras, ReportInput, ScoreTable } from './reportInput.js';

/** What the page shows, as plain data; each part can be replaced while the page is open. */
export interface PageData {
  readonly palette: readonly string[];
  /** Whether the page is served and follows a run. */
  readonly live: boolean;
  /** Of all runs together, above everything else. */
  readonly overview: readonly ScoreTable[];
  readonly curves: readonly Figure[];
  readonly runs: readonly RunView[];
  readonly extras: readonly ExtrasView[];
}

/** One run without what was computed from its encoder. */
export interface RunView {
  readonly name: string;
  readonly status: string;
  /** 0 .. 1; null where it is not known. */
  readonly progress: number | null;
  readonly tables: readonly ScoreTable[];
  readonly environment: readonly Pair[];
  /** Every setting, by its path. */
  readonly config: readonly Pair[];
  /** What the log tells in words, the newest last. */
  readonly messages: readonly { readonly time: string; readonly kind: string; readonly text: string }[];
}

type Pair = readonly [name: string, value: string];

/** What was computed from the encoder of one run, and figures of it. */
export interface ExtrasView extends Omit<ReportExtras, 'tables' | 'concentrations' | 'confusion'> {
  readonly name: string;
  /** Of the embedding's points, in pixels. */
  readonly pointSize?: number;
  readonly concentration?: Figure;
  readonly confusion?: Figure;
}

const MOST_MESSAGES = 200;

/**
 * Everything that the page of some runs shows.
 *
 * @param overview tables of all runs together
 * @throws {ProtoclError} `INVALID_SHAPE` if arrays of a run's extras do not fit each other
 */
export function pageDataOf(
  runs: readonly ReportInput[],
  { live = false, overview = [] }: Partial<Pick<PageData, 'live' | 'overview'>> = {},
): PageData {
  for (const run of runs) requireConsistent(run);
  return {
    palette: PALETTE,
    live,
    overview,
    curves: curveFigures(runs),
    runs: runs.map(runView),
    extras: runs.map(extrasView),
  };
}

function runView(run: ReportInput): RunView {
  return {
    name: run.name,
    ...progressOf(run),
    tables: scoreTables(run),
    environment: environmentOf(run),
    config: flattened(run.config ?? {}),
    messages: messagesOf(run.log),
  };
}

function extrasView({ name, extras = {} }: ReportInput, run: number): ExtrasView {
  const { concentrations, confusion } = extras;
  const id = `${slug(name)}-${run + 1}`;
  return {
    name,
    ...withoutFigures(extras),
    ...(concentrations && {
      concentration: histogramFigure(`${id}-concentration`, concentrations),
    }),
    ...(confusion && { confusion: confusionFigure(`${id}-confusion`, confusion) }),
    ...(extras.embedding && { pointSize: pointSize(extras.embedding.x.length) }),
  };
}

/** The parts that the page shows as they are. */
function withoutFigures({
  origin,
  thumbnails,
  embedding,
  montages,
  tree,
  retrievals,
  gallery,
}: ReportExtras) {
  return {
    ...(origin !== undefined && { origin }),
    ...(thumbnails && { thumbnails }),
    ...(embedding && { embedding }),
    ...(montages && { montages }),
    ...(tree && { tree }),
    ...(retrievals && { retrievals }),
    ...(gallery && { gallery }),
  };
}

function progressOf({ log, summary }: ReportInput): { status: string; progress: number | null } {
  const begun = log.findLast(({ type }) => type === 'start');
  const last = log.findLast(({ type }) => type === 'step' || type === 'epoch' || type === 'end');
  const error = log.findLastIndex(({ type }) => type === 'error');
  const started = log.findLastIndex(({ type }) => type === 'run');
  if (last === undefined || begun === undefined) return { status: 'no step yet', progress: null };
  const epochs = Number(begun['epochs']);
  const stepsPerEpoch = Number(begun['stepsPerEpoch']);
  const done = Number(last['epoch']) + Number(last['step'] ?? 0) / stepsPerEpoch;
  const progress = Number.isFinite(done / epochs) ? Math.min(1, done / epochs) : null;
  const after = `epoch ${hundredths(done)} of ${epochs}`;
  if (error > started) return { status: `failed at ${after}`, progress };
  if (last['type'] === 'end') return { status: `${textOf(last['status'])}, ${after}`, progress };
  return { status: summary ? `${textOf(summary['status'])}, ${after}` : after, progress };
}

/** Whole epochs as whole numbers, such as 40; others as 39.99, never rounded up to an epoch that is not done. */
function hundredths(epochs: number): number {
  // A hundredth may lie a rounding error below what it is.
  return Math.floor(epochs * 100 + 1e-6) / 100;
}

function environmentOf({ log, summary, folder, extras }: ReportInput): Pair[] {
  const begun = log.findLast(({ type }) => type === 'run') ?? {};
  const pairs: [string, JsonValue | undefined][] = [
    ['folder', folder],
    ['Node.js', begun['node']],
    ['begun', log[0]?.['time']],
    ['last entry', log.at(-1)?.['time']],
    ...Object.entries(summary ?? {}).filter(([name]) => name !== 'folder' && name !== 'status'),
    ['figures of the encoder', extras?.origin],
  ];
  return pairs.flatMap(([name, value]) =>
    value == null || typeof value === 'object' ? [] : [[words(name), inWords(name, value)] as const],
  );
}

/** `peakMemoryBytes` as `peak memory`. */
function words(name: string): string {
  return name
    .replace(/Bytes$/, '')
    .replaceAll(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}

function inWords(name: string, value: string | number | boolean): string {
  if (typeof value !== 'number') return String(value);
  if (name.endsWith('Bytes')) return `${(value / 2 ** 20).toFixed(0)} MiB`;
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

function flattened(value: JsonValue, path = ''): Pair[] {
  const object = objectOf(value);
  if (object === undefined || Object.keys(object).length === 0) {
    return path === '' ? [] : [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  }
  return Object.entries(object).flatMap(([key, below]) =>
    flattened(below, path === '' ? key : `${path}.${key}`),
  );
}

function messagesOf(log: readonly JsonObject[]): RunView['messages'] {
  return log
    .flatMap((entry) => {
      const text = messageOf(entry);
      return text === undefined ? [] : [{ time: textOf(entry['time']), kind: textOf(entry['type']), text }];
    })
    .slice(-MOST_MESSAGES);
}

function messageOf(entry: JsonObject): string | undefined {
  switch (entry['type']) {
    case 'message':
      return textOf(entry['text']);
    case 'warning':
      return textOf(entry['message']);
    case 'error':
    case 'checkpointRejected':
      return textOf(objectOf(entry['error'])?.['message']);
    default:
      return undefined;
  }
}

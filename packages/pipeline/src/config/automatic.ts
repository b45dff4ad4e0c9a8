import {
  automaticBatchSize,
  automaticEpochs,
  automaticGranularities,
  automaticNeighbours,
  automaticQueue,
  automaticWarmup,
} from './automaticRules.js';
import { isPlainObject, valueAt } from './layers.js';
import type { ResolvedConfig } from './resolveConfig.js';
import type { Config, OpenConfig } from './schema.js';
import { AUTO } from './sections/automatic.js';

/** What settings that are `auto` are chosen by. */
export interface TrainingImages {
  /** n */
  readonly count: number;
  /** Whether they have classes. */
  readonly hasClasses: boolean;
}

/** Images that stand for those whose number is not known yet. */
const UNSEEN: TrainingImages = { count: 50_000, hasClasses: true };

/**
 * Gives every setting that is `auto` a value; the origin of the value says so.
 *
 * @param images undefined where they have not been looked at: then the values are those for 50,000 images, and
 *   {@link isPending} until they are chosen again
 */
export function chooseAutomatic(
  open: OpenConfig,
  origins: ResolvedConfig['origins'],
  images: TrainingImages | undefined,
): ResolvedConfig {
  const origin = images === undefined ? AUTO : `${AUTO} for ${images.count} images`;
  const chosen: Record<string, string> = {};
  const choose = <Value>(path: string, value: Value | typeof AUTO, rule: () => Value): Value => {
    if (value !== AUTO) return value;
    chosen[path] = origin;
    return rule();
  };
  const config = chosenConfig(open, images ?? UNSEEN, choose);
  return { config, origins: { ...origins, ...chosen } };
}

/** The value that was set, or that of the rule where it is `auto`. */
type Choose = <Value>(path: string, value: Value | typeof AUTO, rule: () => Value) => Value;

function chosenConfig(open: OpenConfig, { count, hasClasses }: TrainingImages, choose: Choose): Config {
  const { data, training, evaluation } = open;
  const batchSize = choose('training.batchSize', training.batchSize, () => automaticBatchSize(count));
  const steps = Math.max(1, Math.floor(count / batchSize));
  const updates = Math.ceil(steps / training.accumulate);
  const epochs = choose('training.epochs', training.epochs, () => automaticEpochs(updates));
  const neighbours = Math.min(count, evaluation.trainLimit ?? count);
  const k = choose('evaluation.knn.k', evaluation.knn.k, () => automaticNeighbours(neighbours));
  return {
    ...open,
    data:
      data.kind === 'folder'
        ? {
            ...data,
            classes: choose('data.classes', data.classes, () => (hasClasses ? 'folders' : 'none')),
          }
        : data,
    method: chosenMethod(open.method, { count, batchSize, epochs, updates }, choose),
    training: { ...training, batchSize, epochs },
    evaluation: { ...evaluation, knn: { ...evaluation.knn, k } },
  };
}

interface RunLength {
  readonly count: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** Of an epoch. */
  readonly updates: number;
}

function chosenMethod(
  method: OpenConfig['method'],
  { count, batchSize, epochs, updates }: RunLength,
  choose: Choose,
): Config['method'] {
  if (method.kind !== 'pcl' && method.kind !== 'moco') return method;
  const queue = choose('method.queue', method.queue, () => automaticQueue(count, batchSize));
  if (method.kind === 'moco') return { ...method, queue };
  const { granularities, warmupEpochs } = method;
  return {
    ...method,
    queue,
    granularities: choose('method.granularities', granularities, () => automaticGranularities(count)),
    warmupEpochs: choose('method.warmupEpochs', warmupEpochs, () => automaticWarmup(epochs, updates)),
  };
}

/** Whether a value was chosen by the images, by its origin. */
export function isAutomatic(origin: string | undefined): boolean {
  return origin !== undefined && (origin === AUTO || origin.startsWith(`${AUTO} for `));
}

/** Whether a value is to be chosen once the images have been looked at, by its origin. */
export function isPending(origin: string | undefined): boolean {
  return origin === AUTO;
}

/**
 * A configuration as it was written: `auto` in the place of values that the images decide.
 *
 * @param isOpen which values that is, by their origins
 */
export function asWritten(
  { config, origins }: ResolvedConfig,
  isOpen: (origin: string) => boolean = isPending,
): OpenConfig {
  const written: OpenConfig = structuredClone(config);
  for (const [path, origin] of Object.entries(origins)) {
    if (!isOpen(origin)) continue;
    const keys = path.split('.');
    const parent = valueAt(written, keys.slice(0, -1));
    if (isPlainObject(parent)) parent[keys.at(-1)!] = AUTO;
  }
  return written;
}

/** The same with the values that such images call for. */
export function chosenAgain(
  resolved: ResolvedConfig,
  images: TrainingImages,
  isOpen: (origin: string) => boolean,
): ResolvedConfig {
  return chooseAutomatic(asWritten(resolved, isOpen), resolved.origins, images);
}

/** What was chosen, for people; undefined where nothing was. */
export function choicesInWords({ config, origins }: ResolvedConfig): string | undefined {
  const chosen = Object.keys(origins).filter((path) => isAutomatic(origins[path]));
  if (chosen.length === 0) return undefined;
  const values = chosen.map((path) => `${path}=${JSON.stringify(valueAt(config, path.split('.')))}`);
  return `chosen ${origins[chosen[0]!]!.replace(`${AUTO} `, '')}: ${values.join(' ')}`;
}

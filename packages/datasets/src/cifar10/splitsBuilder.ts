import { datasetError } from '../errors.js';
import type { Split, SplitName, Splits } from '../splits/split.js';
import { CIFAR10_CLASSES, IMAGE_BYTES, TRAIN_FILES, imageCount, type Cifar10Layout } from './layout.js';

/** Puts the two splits together from files that arrive in any order, and checks what arrives. */
export class SplitsBuilder {
  readonly #layout: Cifar10Layout;
  readonly #splits: Splits;
  readonly #missing: Set<string>;

  /** @param parts names of everything that has to arrive before the splits are whole */
  constructor(layout: Cifar10Layout, parts: Iterable<string>) {
    this.#layout = layout;
    this.#splits = { train: emptySplit('train', layout), test: emptySplit('test', layout) };
    this.#missing = new Set(parts);
  }

  /** The room for the images of one file of a split, to be filled in place. */
  imagesOf(split: SplitName, file: number): Uint8Array {
    const length = this.#layout.imagesPerFile * IMAGE_BYTES;
    return this.#splits[split].images.subarray(file * length, (file + 1) * length);
  }

  /** The room for the labels of one file of a split, to be filled in place. */
  labelsOf(split: SplitName, file: number): Uint8Array {
    const length = this.#layout.imagesPerFile;
    return this.#splits[split].labels.subarray(file * length, (file + 1) * length);
  }

  arrived(part: string): void {
    this.#missing.delete(part);
  }

  /** @throws {ProtoclError} `DATASET_MALFORMED` if a part is missing or a label is no class */
  finish(source: string): Splits {
    if (this.#missing.size > 0) {
      throw malformed(source, `without ${[...this.#missing].join(', ')}`, 'all files of CIFAR-10');
    }
    for (const { labels } of Object.values(this.#splits)) {
      const wrong = labels.find((label) => label >= CIFAR10_CLASSES.length);
      if (wrong !== undefined) throw malformed(source, `label ${wrong}`, 'labels 0 .. 9');
    }
    return this.#splits;
  }
}

/** The split and the index of the file that a name such as `data_batch_3` stands for. */
export function fileOf(stem: string): { split: SplitName; file: number } | undefined {
  if (stem === 'test_batch') return { split: 'test', file: 0 };
  const number = Number(/^data_batch_(\d)$/.exec(stem)?.[1]);
  return number >= 1 && number <= TRAIN_FILES ? { split: 'train', file: number - 1 } : undefined;
}

/** `data_batch_1` .. `data_batch_5` and `test_batch`. */
export const FILE_STEMS = [
  ...Array.from({ length: TRAIN_FILES }, (_, index) => `data_batch_${index + 1}`),
  'test_batch',
];

export function malformed(source: string, given: string, expected: string): Error {
  return datasetError('DATASET_MALFORMED', {
    message: `what came from ${source} is not CIFAR-10 in the expected layout`,
    given,
    expected,
  });
}

function emptySplit(split: SplitName, layout: Cifar10Layout): Split {
  const count = imageCount(split, layout);
  return { images: new Uint8Array(count * IMAGE_BYTES), labels: new Uint8Array(count) };
}

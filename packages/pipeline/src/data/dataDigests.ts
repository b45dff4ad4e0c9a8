import { sha256 } from '@protocl/core';
import { digestFolder, digestImages, type ImageDataset } from '@protocl/datasets';
import type { JsonValue } from '@protocl/trainer';

import type { ImageFolders, SplitFolder } from './openFolders.js';

/** What tells the images of a run from others; null where there are none held out. */
export interface DataDigests {
  readonly train: JsonValue;
  readonly test: JsonValue;
}

/** By the files' names, sizes, order and labels: what they hold is not read. */
export async function digestFolders(
  { train, test }: ImageFolders,
  signal: AbortSignal | undefined,
): Promise<DataDigests> {
  return { train: await digestSplit(train, signal), test: test ? await digestSplit(test, signal) : null };
}

/** By the pixels, order and labels. */
export function digestDatasets(train: ImageDataset, test: ImageDataset | undefined): DataDigests {
  return { train: asJson(digestImages(train)), test: test ? asJson(digestImages(test)) : null };
}

async function digestSplit(folder: SplitFolder, signal: AbortSignal | undefined): Promise<JsonValue> {
  const digest = await digestFolder(folder, { ...(signal && { signal }) });
  if (!('annotations' in folder)) return asJson(digest);
  const { buffer, byteOffset, byteLength } = folder.annotations;
  return asJson({ ...digest, annotations: sha256(new Uint8Array(buffer, byteOffset, byteLength)) });
}

/** Interfaces of plain data are JSON, which the compiler cannot tell. */
function asJson(digest: object): JsonValue {
  return digest as JsonValue;
}

import { requireKnownOptions, writeFileAtomic, type WrittenFile } from '@protocl/core';

import { contentHash, HASH_KEY } from './contentHash.js';
import type { Encoder } from './encoder.js';
import { encoderMetadata } from './encoderMetadata.js';
import { encodeSafetensors } from './safetensors/encodeSafetensors.js';

export interface SaveEncoderOptions {
  /** What else the file is to say, such as how images are prepared; what it says by itself comes first. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Saves an encoder's weights and running statistics as safetensors, with torchvision's names and
 * PyTorch's layouts, so that torchvision's network of the same kind loads them. The file appears whole
 * or not at all. The metadata say which encoder it was, and have a hash of all that is in the file.
 *
 * @param path of the file, by custom ending in `.safetensors`; folders on the way are created
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function saveEncoder(
  encoder: Encoder,
  path: string,
  options: SaveEncoderOptions = {},
): Promise<WrittenFile> {
  requireKnownOptions<SaveEncoderOptions>('saveEncoder', options, { metadata: true });
  const { tensors } = await encoder.toState();
  const metadata = { ...options.metadata, ...encoderMetadata(encoder.options) };
  const hash = await contentHash(encodeSafetensors(tensors, metadata));
  return writeFileAtomic(
    path,
    encodeSafetensors(tensors, { ...metadata, ...(hash && { [HASH_KEY]: hash }) }),
  );
}

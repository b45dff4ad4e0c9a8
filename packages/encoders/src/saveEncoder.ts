import { writeFileAtomic, type WrittenFile } from '@protocl/core';

import { contentHash, HASH_KEY } from './contentHash.js';
import type { Encoder } from './encoder.js';
import { encodeSafetensors } from './safetensors/encodeSafetensors.js';

/**
 * Saves an encoder's weights and running statistics as safetensors, with torchvision's names and
 * PyTorch's layouts, so that torchvision's network of the same kind loads them. The file appears whole
 * or not at all. The metadata say which encoder it was, and have a hash of all that is in the file.
 *
 * @param path of the file, by custom ending in `.safetensors`; folders on the way are created
 * @throws {ProtoclError} `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function saveEncoder(encoder: Encoder, path: string): Promise<WrittenFile> {
  const { tensors } = await encoder.toState();
  const { architecture, stem, input, width, head } = encoder.options;
  const metadata = {
    // By this other tools know that the layouts are PyTorch's.
    format: 'pt',
    architecture,
    stem,
    input,
    width: String(width),
    head: head.kind,
    ...(head.kind !== 'none' && { dimension: String(head.dimension) }),
  };
  const hash = await contentHash(encodeSafetensors(tensors, metadata));
  return writeFileAtomic(
    path,
    encodeSafetensors(tensors, { ...metadata, ...(hash && { [HASH_KEY]: hash }) }),
  );
}

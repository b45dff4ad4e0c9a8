import { createHash } from 'node:crypto';

import type { TensorState } from '../state.js';

/** SHA-256 over everything that a checkpoint means: its description, and each tensor with its name. */
export function contentHash(description: string, tensors: Readonly<Record<string, TensorState>>): string {
  const hash = createHash('sha256').update(description);
  for (const name of Object.keys(tensors).sort()) {
    const { dtype, shape, data } = tensors[name]!;
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

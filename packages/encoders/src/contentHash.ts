import { readHeader, type SafetensorsHeader } from './safetensors/header.js';

/** Where the metadata of a file of weights keep the hash of everything else in it. */
export const HASH_KEY = 'protocl.sha256';

/**
 * SHA-256 over all that a safetensors file means: its metadata but for the hash itself, and each tensor with
 * its name. By the platform's Web Crypto, which browsers have on secure pages alone.
 *
 * @param bytes the whole file
 * @returns 64 lower-case hex digits; undefined where there is no Web Crypto
 */
export async function contentHash(
  bytes: Uint8Array,
  { metadata, entries }: SafetensorsHeader = readHeader(bytes),
): Promise<string | undefined> {
  // Typed as if they were there always.
  const { crypto } = globalThis as {
    readonly crypto?: { readonly subtle?: typeof globalThis.crypto.subtle };
  };
  const subtle = crypto?.subtle;
  if (subtle === undefined) return undefined;
  const begin = entries[0]?.begin ?? bytes.length;
  const data = hexOf(await subtle.digest('SHA-256', bytes.subarray(begin)));
  const described = Object.entries(metadata)
    .filter(([key]) => key !== HASH_KEY)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const tensors = entries.map(({ name, dtype, shape, begin: first, end }) => [
    name,
    dtype,
    shape,
    first - begin,
    end - begin,
  ]);
  const text = new TextEncoder().encode(JSON.stringify([described, tensors, data]));
  return hexOf(await subtle.digest('SHA-256', text));
}

function hexOf(digest: ArrayBuffer): string {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A list of paths in shared memory: every worker reads the same bytes. */
export interface PackedPaths {
  /** UTF-8, one path after the other. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** float64 [n + 1]: where each path begins, and the end of the last one. */
  readonly starts: Float64Array<SharedArrayBuffer>;
}

export function packPaths(paths: readonly string[]): PackedPaths {
  const encoder = new TextEncoder();
  const starts = new Float64Array(new SharedArrayBuffer((paths.length + 1) * 8));
  for (const [i, path] of paths.entries()) starts[i + 1] = starts[i]! + Buffer.byteLength(path);
  const bytes = new Uint8Array(new SharedArrayBuffer(starts[paths.length]));
  for (const [i, path] of paths.entries()) bytes.set(encoder.encode(path), starts[i]);
  return { bytes, starts };
}

export function unpackPath({ bytes, starts }: PackedPaths, index: number): string {
  // A copy, as text is never decoded from shared memory.
  return Buffer.from(bytes.slice(starts[index], starts[index + 1])).toString('utf8');
}

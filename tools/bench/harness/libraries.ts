import type { Library } from './comparison.js';
import type { SideReply } from './side.js';

/** Reads what a side says of the libraries that it computes with; one that says nothing has none to tell of. */
export function librariesIn({ libraries }: SideReply): readonly Library[] {
  return Array.isArray(libraries) ? (libraries as Library[]) : [];
}

/**
 * Such as `faiss_cpu's OpenBLAS 0.3.15 SkylakeX, 2 threads`. What only distributes work, as OpenMP does, has no kernels
 * and is not named.
 */
export function describeLibraries(libraries: readonly Library[]): string {
  return libraries
    .filter(({ architecture }) => architecture !== null)
    .map(({ package: owner, name, version, architecture, threads }) => {
      const what = [name, version, architecture].filter((part) => part !== null).join(' ');
      return `${owner}'s ${what}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    })
    .join('; ');
}

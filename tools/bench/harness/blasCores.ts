import { openBlasCores } from '@protocl/tfjs-backend-torch';

import type { PeerVariant } from './comparison.js';
import { librariesIn } from './libraries.js';
import { Side, type SideCommand } from './side.js';

/**
 * The kernels of OpenBLAS that are worth trying for a peer, beside those that it takes by itself: those of this
 * processor, where a library that the peer brings takes others. Old releases, such as the one in faiss's wheel, take
 * processors that they do not know for ones of 2004.
 *
 * @param peer a script whose modules are loaded when it starts
 */
export async function coresToTry(
  peer: SideCommand,
  cores: readonly string[] = openBlasCores(),
): Promise<readonly string[]> {
  const side = new Side({ ...peer, label: `${peer.label}, its libraries` });
  try {
    const libraries = librariesIn(await side.request({ cmd: 'libraries' }));
    const old = libraries.some(({ name, architecture }) => name === 'OpenBLAS' && architecture !== cores[0]);
    return old ? cores : [];
  } finally {
    await side.stop();
  }
}

/** A peer with some of OpenBLAS's kernels, or with those that it takes by itself. */
export function withCore(peer: SideCommand, core: string | undefined): SideCommand {
  if (core === undefined) return peer;
  return { ...peer, environment: { ...peer.environment, OPENBLAS_CORETYPE: core } };
}

/** Each way with each of the kernels, the best first, and with those that the peer takes by itself. */
export function acrossCores(ways: readonly PeerVariant[], cores: readonly string[]): PeerVariant[] {
  if (cores.length === 0) return [...ways];
  return ways.flatMap((way) => [
    ...cores.map((core) => ({
      ...way,
      variant: [way.variant, `${core} kernels`].filter(Boolean).join(', '),
      environment: { ...way.environment, OPENBLAS_CORETYPE: core },
      mayFail: true,
    })),
    { ...way, variant: [way.variant, 'kernels as found'].filter(Boolean).join(', ') },
  ]);
}

/** Each way with the best of the kernels alone, where there are any to try. */
export function withBestCore(ways: readonly PeerVariant[], cores: readonly string[]): PeerVariant[] {
  return ways.flatMap((way) => acrossCores([way], cores.slice(0, 1)).slice(0, 1));
}

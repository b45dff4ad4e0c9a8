import { mkdir } from 'node:fs/promises';

import { cacheDirectory } from '@protocl/core';

import { installPackages, reasonOf, runPeer, type Peer } from './peer.js';

/** Prints what there is; fails where it is not there or does not work. */
const PROBE = `
from load_torchvision import torchvision
import PIL
torchvision.transforms.functional.hflip(PIL.Image.new("RGB", (1, 1)))
print(f"torchvision {torchvision.__version__}, Pillow {PIL.__version__}")
`;

/**
 * Adds torchvision to a peer: its own, else the release that belongs to its PyTorch, installed into
 * the cache beside it.
 *
 * @returns null where there is none to be had; the reason is reported
 */
export async function withTorchvision(peer: Peer, report: (line: string) => void): Promise<Peer | null> {
  const version = peer.name.replace(/^PyTorch /, '');
  const folder = cacheDirectory('peer', `${version}-torchvision`);
  const extended = { ...peer, modulePath: [folder, ...peer.modulePath] };
  try {
    const found = await named(peer).catch(() => named(extended));
    report(`peer: ${found.name}`);
    return found;
  } catch {
    // It is installed below.
  }
  try {
    report(`peer: installing torchvision into ${folder}`);
    await mkdir(folder, { recursive: true });
    // What it needs besides, PyTorch and numpy, is there.
    const packages = ['--no-deps', `torchvision==${releaseFor(version)}`, 'pillow'];
    await installPackages(peer.python, folder, packages, version.endsWith('+cpu'));
    const found = await named(extended);
    report(`peer: ${found.name}`);
    return found;
  } catch (error) {
    report(`peer: there is no torchvision to compare with (${reasonOf(error)}); only our side is measured`);
    return null;
  }
}

const FAISS_PROBE = 'import faiss, numpy; print(f"faiss {faiss.__version__}")';

/**
 * Adds faiss to a peer: its own, else the latest release, installed into the cache.
 *
 * @returns null where there is none to be had; the reason is reported
 */
export async function withFaiss(peer: Peer, report: (line: string) => void): Promise<Peer | null> {
  const folder = cacheDirectory('peer', 'faiss');
  const extended = { ...peer, modulePath: [folder, ...peer.modulePath] };
  try {
    const found = await named(peer, FAISS_PROBE).catch(() => named(extended, FAISS_PROBE));
    report(`peer: ${found.name}`);
    return found;
  } catch {
    // It is installed below.
  }
  try {
    report(`peer: installing faiss into ${folder}`);
    await mkdir(folder, { recursive: true });
    // What it needs besides, numpy, is there.
    await installPackages(peer.python, folder, ['--no-deps', 'faiss-cpu', 'packaging'], false);
    const found = await named(extended, FAISS_PROBE);
    report(`peer: ${found.name}`);
    return found;
  } catch (error) {
    report(`peer: there is no faiss to compare with (${reasonOf(error)}); only our side is measured`);
    return null;
  }
}

/** The peer under the name that a probe prints. */
async function named(peer: Peer, probe = PROBE): Promise<Peer> {
  return { ...peer, name: (await runPeer(peer, ['-c', probe])).trim().split('\n').at(-1)! };
}

/** torchvision 0.15 came with PyTorch 2.0, and every release since with one of PyTorch. */
function releaseFor(torch: string): string {
  const [major, minor] = torch.split('.').map(Number) as [number, number];
  if (major !== 2) throw new Error(`no release of torchvision is known for PyTorch ${torch}`);
  return `0.${minor + 15}.*`;
}

import { mkdir } from 'node:fs/promises';

import { cacheDirectory } from '@protocl/core';

import { installPackages, reasonOf, runPeer, type Peer } from './peer.js';

/** What a peer may need besides PyTorch. */
interface PeerPackages {
  readonly what: string;
  /** Python that prints what there is, and fails where it is not there or does not work. */
  readonly probe: string;
  /** The folder of the cache that they are installed into. */
  readonly folder: string;
  /** Arguments of pip; what the packages need besides is there. */
  readonly packages: () => string[];
  /** Whether PyTorch's own index of builds without CUDA has them. */
  readonly isCpuBuild: boolean;
  /** What follows where they cannot be had. */
  readonly otherwise?: string;
}

const ALONE = 'only our side is measured';

const TORCHVISION_PROBE = `
from load_torchvision import torchvision
import PIL
torchvision.transforms.functional.hflip(PIL.Image.new("RGB", (1, 1)))
print(f"torchvision {torchvision.__version__} (Pillow {PIL.__version__})")
`;

/**
 * Adds torchvision to a peer: its own, else the release that belongs to its PyTorch, installed into
 * the cache beside it.
 *
 * @returns null where there is none to be had; the reason is reported
 */
export async function withTorchvision(peer: Peer, report: (line: string) => void): Promise<Peer | null> {
  const version = peer.name.replace(/^PyTorch /, '');
  return withPackages(peer, report, {
    what: 'torchvision',
    probe: TORCHVISION_PROBE,
    folder: `${version}-torchvision`,
    packages: () => [`torchvision==${releaseFor(version)}`, 'pillow'],
    isCpuBuild: version.endsWith('+cpu'),
  });
}

/**
 * Adds faiss to a peer: its own, else the latest release, installed into the cache.
 *
 * @param otherwise what follows where it cannot be had
 * @returns null where there is none to be had; the reason is reported
 */
export async function withFaiss(
  peer: Peer,
  report: (line: string) => void,
  otherwise = ALONE,
): Promise<Peer | null> {
  return withPackages(peer, report, {
    what: 'faiss',
    probe: 'import faiss, numpy; print(f"faiss {faiss.__version__}")',
    folder: 'faiss',
    packages: () => ['faiss-cpu', 'packaging'],
    isCpuBuild: false,
    otherwise,
  });
}

/**
 * Adds scikit-learn to a peer: its own, else the latest release, installed into the cache.
 *
 * @returns null where there is none to be had; the reason is reported
 */
export async function withScikitLearn(peer: Peer, report: (line: string) => void): Promise<Peer | null> {
  return withPackages(peer, report, {
    what: 'scikit-learn',
    probe: 'import sklearn.svm, sklearn.manifold; print(f"scikit-learn {sklearn.__version__}")',
    folder: 'scikit-learn',
    packages: () => ['scikit-learn', 'scipy', 'joblib', 'threadpoolctl', 'narwhals', 'cloudpickle'],
    isCpuBuild: false,
  });
}

/**
 * Adds threadpoolctl to a peer, which tells of the BLAS that it computes with, and sets the threads of it.
 *
 * @returns the peer as it is where there is none to be had; the reason is reported
 */
export async function withThreadpoolctl(peer: Peer, report: (line: string) => void): Promise<Peer> {
  const found = await withPackages(peer, report, {
    what: 'threadpoolctl',
    probe: 'import threadpoolctl; print(f"threadpoolctl {threadpoolctl.__version__}")',
    folder: 'threadpoolctl',
    packages: () => ['threadpoolctl'],
    isCpuBuild: false,
    otherwise: 'the libraries that the peer computes with are not shown',
  });
  return { ...(found ?? peer), name: peer.name };
}

async function withPackages(
  peer: Peer,
  report: (line: string) => void,
  { what, probe, folder: name, packages, isCpuBuild, otherwise = ALONE }: PeerPackages,
): Promise<Peer | null> {
  const folder = cacheDirectory('peer', name);
  const extended = { ...peer, modulePath: [folder, ...peer.modulePath] };
  try {
    const found = await named(peer, probe).catch(() => named(extended, probe));
    report(`peer: ${found.name}`);
    return found;
  } catch {
    // It is installed below.
  }
  try {
    report(`peer: installing ${what} into ${folder}`);
    await mkdir(folder, { recursive: true });
    await installPackages(peer.python, folder, ['--no-deps', ...packages()], isCpuBuild);
    const found = await named(extended, probe);
    report(`peer: ${found.name}`);
    return found;
  } catch (error) {
    report(`peer: there is no ${what} to be had (${reasonOf(error)}); ${otherwise}`);
    return null;
  }
}

/** The peer under the name that a probe prints. */
async function named(peer: Peer, probe: string): Promise<Peer> {
  return { ...peer, name: (await runPeer(peer, ['-c', probe])).trim().split('\n').at(-1)! };
}

/** torchvision 0.15 came with PyTorch 2.0, and every release since with one of PyTorch. */
function releaseFor(torch: string): string {
  const [major, minor] = torch.split('.').map(Number) as [number, number];
  if (major !== 2) throw new Error(`no release of torchvision is known for PyTorch ${torch}`);
  return `0.${minor + 15}.*`;
}

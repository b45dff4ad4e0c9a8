import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { cacheDirectory } from '@protocl/core';

import { benchError } from './harness/benchError.js';
import type { SideCommand } from './harness/side.js';

const execute = promisify(execFile);

/** A Python that has PyTorch. */
export interface Peer {
  readonly python: string;
  /** Folders to put on Python's module path. */
  readonly modulePath: readonly string[];
  /** Such as `PyTorch 2.13.0+cpu`. */
  readonly name: string;
}

export interface FindPeerOptions {
  /** Where the comparison runs; a PyTorch that cannot use it is passed over. */
  readonly device: string;
  /** Told one line for each step. */
  readonly report: (line: string) => void;
}

/** PyTorch's own index of builds without CUDA, which are a tenth of the size. */
const CPU_BUILDS = 'https://download.pytorch.org/whl/cpu';

const INSTALL_TIMEOUT = 900_000;
const PROBE_TIMEOUT = 120_000;

/**
 * Finds the PyTorch to compare with: the Python that the environment variable `PROTOCL_PEER_PYTHON`
 * names, else `python3` if it has one, else the Python package around the libtorch that our own side
 * uses, else the same version installed into the cache.
 *
 * @returns null where there is none to be had; the reasons are reported
 * @throws {ProtoclError} `BENCH_PEER_UNUSABLE` if `PROTOCL_PEER_PYTHON` has no usable PyTorch
 */
export async function findPeer({ device, report }: FindPeerOptions): Promise<Peer | null> {
  const named = process.env['PROTOCL_PEER_PYTHON'];
  if (named) return namedPeer(named, device);

  const ways = [
    { what: 'python3', find: () => probe('python3', [], device) },
    { what: "our side's libtorch", find: () => surroundingPeer(device) },
    { what: 'the cache', find: () => installedPeer(device, report) },
  ];
  for (const { what, find } of ways) {
    try {
      const peer = await find();
      report(`peer: ${peer.name} from ${what}`);
      return peer;
    } catch (error) {
      report(`peer: no PyTorch from ${what} (${reasonOf(error)})`);
    }
  }
  report('peer: there is no PyTorch to compare with; only our side is measured');
  return null;
}

/**
 * What this process's environment may hold that would hold the peer back, or tell it of other libraries than its own:
 * threads, ways to wait, kernels. The peer's settings say what is set instead.
 */
const UNSET = [
  ...[
    'OPENBLAS_CORETYPE',
    'OPENBLAS_L2_SIZE',
    'OPENBLAS_NUM_THREADS',
    'GOTO_NUM_THREADS',
    'BLIS_NUM_THREADS',
  ],
  ...['OMP_NUM_THREADS', 'OMP_THREAD_LIMIT', 'OMP_WAIT_POLICY', 'OMP_PROC_BIND', 'OMP_PLACES', 'OMP_DYNAMIC'],
  ...['GOMP_SPINCOUNT', 'GOMP_CPU_AFFINITY', 'KMP_BLOCKTIME', 'KMP_AFFINITY'],
  ...['MKL_NUM_THREADS', 'MKL_DEBUG_CPU_TYPE', 'MKL_ENABLE_INSTRUCTIONS', 'ATEN_CPU_CAPABILITY'],
];

/** The command that starts a script as the peer's side, in an environment that does not hold it back. */
export function peerSide(peer: Peer, script: string): SideCommand {
  return {
    label: peer.name,
    command: peer.python,
    arguments: [script],
    environment: {
      ...Object.fromEntries(UNSET.map((name) => [name, undefined])),
      ...pythonEnvironment([join(import.meta.dirname, 'harness/python'), ...peer.modulePath]),
    },
  };
}

async function namedPeer(python: string, device: string): Promise<Peer> {
  try {
    return await probe(python, [], device);
  } catch (cause) {
    throw benchError('BENCH_PEER_UNUSABLE', {
      message: `PROTOCL_PEER_PYTHON has no PyTorch for ${device} (${reasonOf(cause)})`,
      given: python,
      expected: 'a Python interpreter that can import torch',
      remedy: 'Correct the variable, or unset it to have one looked for',
      cause,
    });
  }
}

/** A libtorch that belongs to a PyTorch lies in its Python package. */
async function surroundingPeer(device: string): Promise<Peer> {
  const { root } = await ourLibtorch();
  if (!existsSync(join(root, '__init__.py'))) {
    throw new Error(`${root} is libtorch without a Python package`);
  }
  return probe('python3', [dirname(root)], device);
}

async function installedPeer(device: string, report: FindPeerOptions['report']): Promise<Peer> {
  const version = await ourLibtorch().then(
    (libtorch) => libtorch.version.replace(/\+.*$/, ''),
    () => undefined,
  );
  const folder = cacheDirectory('peer', version ?? 'latest');
  try {
    return await probe('python3', [folder], device);
  } catch {
    report(`peer: installing PyTorch into ${folder}`);
    await mkdir(folder, { recursive: true });
    await installPyTorch(folder, version, device);
    return probe('python3', [folder], device);
  }
}

/** The libtorch that our side uses, found or fetched as for any user. */
async function ourLibtorch(): Promise<{ readonly root: string; readonly version: string }> {
  const { prepareTorch } = await import('@protocl/tfjs-backend-torch');
  return (await prepareTorch()).libtorch;
}

async function installPyTorch(folder: string, version: string | undefined, device: string): Promise<void> {
  const small = device === 'cpu' && process.platform === 'linux';
  const same = version === undefined ? 'torch' : `torch==${version}${small ? '+cpu' : ''}`;
  await installPackages('python3', folder, [same, 'numpy'], small);
}

/**
 * Installs Python packages into a folder.
 *
 * @param packages requirements and options of `pip install`
 * @param small whether PyTorch's builds without CUDA are looked for too
 */
export async function installPackages(
  python: string,
  folder: string,
  packages: readonly string[],
  small: boolean,
): Promise<void> {
  await execute(
    python,
    [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--timeout=15', '--retries=1'],
      ...(small ? ['--extra-index-url', CPU_BUILDS] : []),
      ...['--target', folder, '--upgrade', ...packages],
    ],
    { timeout: INSTALL_TIMEOUT },
  );
}

/** Runs the peer's Python, with the folders that `peerSide` gives it, and returns what it prints. */
export async function runPeer(peer: Peer, args: readonly string[]): Promise<string> {
  const { environment, command } = peerSide(peer, '');
  const { stdout } = await execute(command, [...args], {
    timeout: PROBE_TIMEOUT,
    env: { ...process.env, ...environment },
  });
  return stdout;
}

const PROBE = `
import sys, torch
device = torch.device(sys.argv[1])
torch.ones(1, device=device)
print(torch.__version__)
`;

/** Asks a Python for its PyTorch, and PyTorch for the device. */
async function probe(python: string, modulePath: readonly string[], device: string): Promise<Peer> {
  const { stdout } = await execute(python, ['-c', PROBE, device], {
    timeout: PROBE_TIMEOUT,
    env: { ...process.env, ...pythonEnvironment(modulePath) },
  });
  return { python, modulePath, name: `PyTorch ${stdout.trim().split('\n').at(-1)}` };
}

function pythonEnvironment(modulePath: readonly string[]): Record<string, string> {
  const inherited = process.env['PYTHONPATH'];
  const folders = [...modulePath, ...(inherited ? [inherited] : [])];
  return {
    PYTHONDONTWRITEBYTECODE: '1',
    ...(folders.length > 0 && { PYTHONPATH: folders.join(delimiter) }),
  };
}

/** The last line that a failed command printed says most. */
export function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  const lines = (stderr || (message ?? String(error))).trim().split('\n');
  return lines.at(-1)!.trim();
}

import { execFile } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';

import { gpuCheckError } from '../errors.js';
import type { Machine } from './record.js';

const execute = promisify(execFile);

const PROBE = `
import json, os, platform, sys, torch
device = torch.device(sys.argv[1])
torch.ones(1, device=device)
gpu = device.type == "cuda"
print(json.dumps({
    "name": torch.cuda.get_device_name(device) if gpu else None,
    "deviceMemoryMiB": torch.cuda.get_device_properties(device).total_memory // 2**20 if gpu else None,
    "cuda": torch.version.cuda if gpu else None,
    "cudnn": torch.backends.cudnn.version() if gpu else None,
    "torch": torch.__version__,
    "python": platform.python_version(),
    "folder": os.path.dirname(torch.__file__),
}))
`;

/** The machine, and the folder of the PyTorch that both sides use. */
export interface Probed {
  readonly machine: Machine;
  readonly torchFolder: string;
}

/**
 * Looks at the machine through its PyTorch.
 *
 * @throws {ProtoclError} `DEVICE_MISSING` where that cannot use the device
 */
export async function probeMachine(python: string, device: string): Promise<Probed> {
  const found = await askPyTorch(python, device);
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  return {
    torchFolder: found.folder,
    machine: {
      name: found.name ?? processor,
      device,
      deviceMemoryMiB: found.deviceMemoryMiB,
      driver: device === 'cpu' ? null : await driverVersion(),
      cuda: found.cuda,
      cudnn: found.cudnn,
      torch: found.torch,
      python: found.python,
      node: process.versions.node,
      cpu: processor,
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      os: `${type()} ${release()}`,
    },
  };
}

interface Found {
  readonly name: string | null;
  readonly deviceMemoryMiB: number | null;
  readonly cuda: string | null;
  readonly cudnn: number | null;
  readonly torch: string;
  readonly python: string;
  readonly folder: string;
}

async function askPyTorch(python: string, device: string): Promise<Found> {
  try {
    const { stdout } = await execute(python, ['-c', PROBE, device]);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Found;
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    throw gpuCheckError('DEVICE_MISSING', {
      message: `the PyTorch of ${python} cannot use the device ${device}: ${(stderr || message).trim().split('\n').at(-1)!}`,
      given: device,
      expected:
        device === 'cpu'
          ? 'a Python with PyTorch'
          : 'an NVIDIA device, its driver and a PyTorch built for CUDA',
      remedy: 'Name the Python that has it in PYTHON',
      cause,
    });
  }
}

async function driverVersion(): Promise<string | null> {
  return execute('nvidia-smi', ['--query-gpu=driver_version', '--format=csv,noheader']).then(
    ({ stdout }) => stdout.trim().split('\n')[0]!,
    () => null,
  );
}

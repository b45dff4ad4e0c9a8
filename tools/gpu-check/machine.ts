import { execFile } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A CUDA device, as PyTorch sees it. */
export interface Gpu {
  readonly name: string;
  readonly torch: string;
  readonly cuda: string;
  /** The folder of its Python package, which holds its libtorch. */
  readonly folder: string;
}

const PROBE = `
import json, os, sys, torch
device = torch.device(sys.argv[1])
torch.ones(1, device=device)
print(json.dumps({
    "name": torch.cuda.get_device_name(device),
    "torch": torch.__version__,
    "cuda": torch.version.cuda,
    "folder": os.path.dirname(torch.__file__),
}))
`;

/** The device, or one sentence on what is missing for it. */
export async function cudaDevice(device: string): Promise<Gpu | { readonly missing: string }> {
  if (!/^cuda(:\d+)?$/.test(device)) return { missing: 'The device has to be cuda or cuda:N.' };
  const python = process.env['PROTOCL_PEER_PYTHON'] || 'python3';
  try {
    const { stdout } = await execute(python, ['-c', PROBE, device]);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Gpu;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const reason = (stderr || message).trim().split('\n').at(-1)!.trim();
    return {
      missing:
        `${python} has no PyTorch that can use it (${reason}). ` +
        'Run this on a machine with an NVIDIA device, its driver and a PyTorch built for CUDA, ' +
        'or name the Python that has one in PROTOCL_PEER_PYTHON.',
    };
  }
}

/** The machine in one line. */
export function describeMachine({ name, torch, cuda }: Gpu): string {
  const cpu = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores`;
  return `${name}, CUDA ${cuda}, PyTorch ${torch}, Node ${process.versions.node}, ${cpu}`;
}

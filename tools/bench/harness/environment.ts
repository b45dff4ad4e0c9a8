import { arch, availableParallelism, cpus, release, type } from 'node:os';

/** Where and with what a figure was measured. */
export interface Environment {
  readonly cpu: string;
  /** Cores that this process is allowed to use. */
  readonly cores: number;
  /** Threads that each side was given. */
  readonly threads: number;
  readonly device: string;
  readonly os: string;
  readonly node: string;
  /** The peer's PyTorch, or null where there was none. */
  readonly torch: string | null;
  /** The libtorch that our side ran on, or null where it ran on something else. */
  readonly libtorch: string | null;
  /** ISO 8601. */
  readonly date: string;
}

/** Describes this machine and the versions that the sides reported. */
export function describeEnvironment(
  threads: number,
  device: string,
  versions: Readonly<Record<string, string>>,
): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    threads,
    device: versions['gpu'] ?? device,
    os: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    torch: versions['torch'] ?? null,
    libtorch: versions['libtorch'] ?? null,
    date: new Date().toISOString(),
  };
}

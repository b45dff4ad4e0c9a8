import { TorchBackendError } from '../errors.js';
import { runCommand } from './runCommand.js';

/** What compiling the addon takes besides npm packages. */
export interface Toolchain {
  readonly compiler: string;
  readonly compilerVersion: string;
  readonly isClang: boolean;
  readonly make: string;
  readonly python: string;
}

/** A tool that was looked for; `version` is undefined where there is none that works. */
export interface Tool {
  readonly purpose: 'C++ compiler' | 'make' | 'python3';
  readonly command: string;
  readonly version: string | undefined;
  /** All the names that were tried. */
  readonly tried: readonly string[];
}

/** Looks for a C++ compiler (`CXX` first), make (`MAKE` first) and the Python that node-gyp needs. */
export async function findTools(): Promise<{ compiler: Tool; make: Tool; python: Tool }> {
  const { CXX, MAKE, PYTHON } = process.env;
  const compilers = process.platform === 'darwin' ? ['clang++', 'c++'] : ['g++', 'c++', 'clang++'];
  const [compiler, make, python] = await Promise.all([
    findTool('C++ compiler', CXX ? [CXX] : compilers, ['--version'], /(\d+\.\d+(?:\.\d+)?)/),
    findTool('make', MAKE ? [MAKE] : ['make', 'gmake'], ['--version'], /Make (\d+\.\d+)/),
    findTool(
      'python3',
      PYTHON ? [PYTHON] : ['python3', 'python'],
      ['--version'],
      /Python (3\.(?:[89]|\d\d)\S*)/,
    ),
  ]);
  return { compiler, make, python };
}

/**
 * The tools to compile with.
 *
 * @throws TorchBackendError `COMPILER_MISSING` that names every missing tool and how to get it.
 */
export async function requireToolchain(): Promise<Toolchain> {
  const { compiler, make, python } = await findTools();
  const missing = [compiler, make, python].filter((tool) => tool.version === undefined);
  if (missing.length > 0) {
    throw new TorchBackendError('COMPILER_MISSING', {
      message: `The addon cannot be compiled: there is no ${listed(missing.map((tool) => `${tool.purpose} (tried ${tool.tried.join(', ')})`))}.`,
      given: process.env['PATH'],
      expected: 'g++ or clang++, make and Python 3.8 or later on the PATH',
      remedy: toolchainRemedy(),
    });
  }
  const family = await runCommand(compiler.command, ['-dM', '-E', '-x', 'c++', '/dev/null']);
  return {
    compiler: compiler.command,
    compilerVersion: compiler.version ?? '',
    isClang: family.stdout.includes('__clang__'),
    make: make.command,
    python: python.command,
  };
}

/** How the missing tools are installed on this platform, in one sentence. */
export function toolchainRemedy(): string {
  return process.platform === 'darwin'
    ? 'Run `xcode-select --install`.'
    : 'Install them, on Debian or Ubuntu by `apt-get install build-essential python3`, or name a compiler in CXX.';
}

async function findTool(
  purpose: Tool['purpose'],
  commands: readonly string[],
  args: readonly string[],
  version: RegExp,
): Promise<Tool> {
  for (const command of commands) {
    const { code, output } = await runCommand(command, args);
    const found = code === 0 ? version.exec(output)?.[1] : undefined;
    if (found !== undefined) return { purpose, command, version: found, tried: commands };
  }
  return { purpose, command: commands[0] ?? purpose, version: undefined, tried: commands };
}

function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

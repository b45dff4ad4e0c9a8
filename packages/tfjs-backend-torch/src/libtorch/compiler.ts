import { TorchBackendError } from '../errors.js';
import { runCommand } from './runCommand.js';

/** What compiles the addon. */
export interface Compiler {
  readonly command: string;
  readonly version: string;
  readonly isClang: boolean;
}

/** The compiler that was looked for; `version` is undefined where there is none that works. */
export interface CompilerSearch {
  readonly command: string;
  readonly version: string | undefined;
  /** All the names that were tried. */
  readonly tried: readonly string[];
}

/** Looks for a C++ compiler: the one that `CXX` names and no other, else those that the platform usually has. */
export async function findCompiler(): Promise<CompilerSearch> {
  const { CXX } = process.env;
  const usual = process.platform === 'darwin' ? ['clang++', 'c++'] : ['g++', 'c++', 'clang++'];
  const tried = CXX ? [CXX] : usual;
  for (const command of tried) {
    const { code, output } = await runCommand(command, ['--version']);
    const version = code === 0 ? /(\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1] : undefined;
    if (version !== undefined) return { command, version, tried };
  }
  return { command: tried[0] ?? '', version: undefined, tried };
}

/**
 * The compiler to compile with.
 *
 * @throws TorchBackendError `COMPILER_MISSING`, which says how to get one.
 */
export async function requireCompiler(): Promise<Compiler> {
  const { command, version, tried } = await findCompiler();
  if (version === undefined) {
    throw new TorchBackendError('COMPILER_MISSING', {
      message: `The addon cannot be compiled: there is no C++ compiler (tried ${tried.join(', ')}).`,
      given: process.env['PATH'],
      expected: 'g++ or clang++ on the PATH',
      remedy: compilerRemedy(),
    });
  }
  const macros = await runCommand(command, ['-dM', '-E', '-x', 'c++', '/dev/null']);
  return { command, version, isClang: macros.stdout.includes('__clang__') };
}

/** How a compiler is installed on this platform, in one sentence. */
export function compilerRemedy(): string {
  return process.platform === 'darwin'
    ? 'Run `xcode-select --install`.'
    : 'Install one, on Debian or Ubuntu by `apt-get install g++`, or name one in CXX.';
}

import { type BuildOptions, builtAddon } from '../libtorch/buildAddon.js';
import { compilerRemedy, type CompilerSearch, findCompiler } from '../libtorch/compiler.js';
import { type Libtorch, LIBTORCH_REMEDY, type LibtorchSource } from '../libtorch/libtorch.js';
import { correctOpenBlas } from '../libtorch/openblas.js';
import type { PrepareOptions } from '../libtorch/prepare.js';
import { runCommand } from '../libtorch/runCommand.js';
import { namedFolder, searchSteps } from '../libtorch/searchSteps.js';
import { availableThreads } from '../libtorch/threads.js';

/** Something that keeps the backend from running. */
interface Problem {
  readonly message: string;
  readonly remedy: string;
}

/** What the addon told when it was loaded in a process of its own. */
interface LoadedAddon {
  readonly version: string;
  readonly cudaDevices: number;
  readonly mps: boolean;
}

/** All that bears on whether the backend runs on this machine. */
export interface Diagnosis {
  /** Whether it runs: libtorch is there, the addon is compiled and loads. */
  readonly ok: boolean;
  readonly node: { readonly version: string; readonly platform: string; readonly arch: string };
  readonly threads: number;
  readonly search: readonly {
    readonly source: LibtorchSource;
    readonly outcome: 'found' | 'absent' | 'broken';
    readonly detail: string;
  }[];
  readonly libtorch: Libtorch | null;
  readonly compiler: CompilerSearch;
  /** The graphics cards that NVIDIA's driver tells of, with its version. */
  readonly gpus: readonly string[];
  readonly addon: {
    readonly path: string;
    readonly isBuilt: boolean;
    readonly loaded: LoadedAddon | null;
  } | null;
  readonly openBlasCore: string | null;
  readonly problems: readonly Problem[];
  /** What is worth knowing but keeps nothing from running. */
  readonly notes: readonly string[];
}

/**
 * Looks at everything that the backend needs. Fetches, compiles and changes nothing.
 *
 * @param options where to look, in place of this machine's folders and the package's C++ sources
 */
export async function diagnose(
  options: Pick<PrepareOptions, 'nativeFolder' | 'systemPrefixes'> = {},
): Promise<Diagnosis> {
  const problems: Problem[] = [];
  const notes: string[] = [];
  const { platform, arch, versions } = process;
  if (platform !== 'linux' && platform !== 'darwin') {
    problems.push({
      message: `The torch backend does not run on ${platform}.`,
      remedy: 'Use Linux or macOS.',
    });
  }
  correctOpenBlas();
  const findings = [];
  for (const find of searchSteps(options)) findings.push(await find());
  const used = namedFolder() === undefined ? findings.find((finding) => finding.libtorch) : findings[0];
  const libtorch = used?.libtorch ?? null;
  if (libtorch === null) problems.push(missingLibtorch(used?.detail));
  for (const { source, outcome, detail } of findings) {
    if (outcome === 'broken' && source !== used?.source) notes.push(`${source} is passed over: ${detail}.`);
  }

  const compiler = await findCompiler();
  const gpus = await nvidiaGpus();
  if (gpus.length > 0 && libtorch?.cuda === false) {
    notes.push(`This libtorch has no CUDA; one that has comes with \`pip install torch\`.`);
  }
  const addon = libtorch === null ? null : await examineAddon({ ...options, libtorch }, problems);
  if (addon?.isBuilt !== true && compiler.version === undefined) {
    const message = `To compile the addon there is no C++ compiler (tried ${compiler.tried.join(', ')}).`;
    problems.push({ message, remedy: compilerRemedy() });
  }
  return {
    ok: problems.length === 0,
    node: { version: versions.node, platform, arch },
    threads: availableThreads(),
    search: findings.map(({ source, outcome, detail }) => ({ source, outcome, detail })),
    libtorch,
    compiler,
    gpus,
    addon,
    openBlasCore: process.env['OPENBLAS_CORETYPE'] ?? null,
    problems,
    notes,
  };
}

function missingLibtorch(namedDefect: string | undefined): Problem {
  if (namedDefect !== undefined) {
    return {
      message: `The libtorch that PROTOCL_LIBTORCH names cannot be used: ${namedDefect}.`,
      remedy: 'Repair or replace it, or unset PROTOCL_LIBTORCH to have another one found or fetched.',
    };
  }
  return {
    message: 'There is no libtorch.',
    remedy: `Run \`npx protocl-torch prepare\`, which fetches one. Or: ${LIBTORCH_REMEDY}`,
  };
}

async function examineAddon(
  options: BuildOptions,
  problems: Problem[],
): Promise<NonNullable<Diagnosis['addon']>> {
  const { path, isBuilt } = await builtAddon(options);
  if (!isBuilt) {
    const message = `The addon is not compiled for libtorch ${options.libtorch.version} yet.`;
    problems.push({ message, remedy: 'Run `npx protocl-torch prepare`; the first start does the same.' });
    return { path, isBuilt, loaded: null };
  }
  const loaded = await loadApart(path);
  if (typeof loaded === 'string') {
    problems.push({
      message: `The addon does not load: ${loaded}`,
      remedy: `Delete it (${path}) and run \`npx protocl-torch prepare\`, or name another libtorch in PROTOCL_LIBTORCH.`,
    });
    return { path, isBuilt, loaded: null };
  }
  return { path, isBuilt, loaded };
}

/** Loads the addon in another process, which a broken library may abort. Returns the reason where it does not load. */
async function loadApart(path: string): Promise<LoadedAddon | string> {
  const script = `const addon = require(${JSON.stringify(path)});
    console.log(JSON.stringify({ version: addon.version(), cudaDevices: addon.cudaDevices(), mps: addon.hasMps() === 1 }));`;
  const { code, stdout, output, failure } = await runCommand(process.execPath, ['-e', script], {
    timeout: 120_000,
  });
  if (code === 0) return JSON.parse(stdout) as LoadedAddon;
  const error = output.split('\n').find((line) => /Error: /.test(line));
  return failure ?? error?.trim() ?? `the process that loaded it ended with exit code ${code}`;
}

async function nvidiaGpus(): Promise<string[]> {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const { code, stdout } = await runCommand('nvidia-smi', query);
  return code === 0 ? stdout.split('\n').filter((line) => line.trim() !== '') : [];
}

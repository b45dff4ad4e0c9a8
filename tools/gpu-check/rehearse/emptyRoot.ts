import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';

import type { Peer } from '../../bench/peer.js';
import { findNamespaces, systemPath } from './namespaces.js';
import { gpuCheckError } from '../errors.js';
import { rootContents } from './rootContents.js';
import { verifyRoot } from './verifyRoot.js';

export interface EmptyRootOptions {
  /** The Python that the root has as `python3`. */
  readonly python: Peer;
  /** Told one line for each step. */
  readonly log: (line: string) => void;
}

/** A file or folder to copy into the root. */
export interface Carried {
  readonly from: string;
  /** Relative to the repository's root there. */
  readonly to: string;
}

/** One command in the root. */
export interface Call {
  /** For bash, in the repository's root; `$OUT` is `out`. */
  readonly command: string;
  readonly carried?: readonly Carried[];
  /** An empty folder, made where it is not there, for what the command leaves. */
  readonly out: string;
  /** After this many seconds everything that the command started is killed. */
  readonly timeoutSeconds: number;
  /** Told every line of output. */
  readonly log?: (line: string) => void;
}

export interface CallResult {
  /** 137 where the time ran out. */
  readonly code: number;
  /** Standard output and error; of more than 1 MiB its end. */
  readonly output: string;
  /** How long the command itself ran. */
  readonly seconds: number;
  readonly timedOut: boolean;
}

const LONGEST_OUTPUT = 2 ** 20;
const KILLED = 137;

/**
 * A root filesystem with a C++ compiler, a Python with PyTorch, bash and coreutils and nothing else:
 * no Node, no make, no network, none of this machine's folders and none of the caller's environment.
 *
 * Home and /tmp there are on disk and stay from call to call, as does the repository's folder
 * /root/repo, apart from what was carried into it: that is gone in a call that does not carry it again.
 * All of it is gone when the root is closed or this process ends, however it ends.
 */
export class EmptyRoot {
  /** A folder for what comes back that is to go with the root. */
  readonly results: string;
  readonly #base: string;
  readonly #namespaces: readonly [string, ...string[]];
  readonly #keeper: ChildProcess;
  #carried: string[] = [];

  private constructor(base: string, namespaces: readonly [string, ...string[]], keeper: ChildProcess) {
    this.results = join(base, 'results');
    this.#base = base;
    this.#namespaces = namespaces;
    this.#keeper = keeper;
  }

  /**
   * Prepares a root and makes sure that it is what it has to be.
   *
   * @throws {ProtoclError} `REHEARSAL_UNAVAILABLE` if this machine cannot build one,
   *   `REHEARSAL_ROOT_INVALID` if it holds too little or too much
   */
  static async open({ python, log }: EmptyRootOptions): Promise<EmptyRoot> {
    const base = await mkdtemp(join(await roomyFolder(), 'protocl-rehearsal-'));
    const keeper = keep(base);
    try {
      await mkdir(join(base, 'root'));
      const namespaces = await findNamespaces(join(base, 'root'));
      const contents = await rootContents(base, python);
      await writeFile(join(base, 'plan'), contents.plan);
      const root = new EmptyRoot(base, namespaces, keeper);
      log(`empty root: ${contents.python}; ${await verifyRoot(root, join(base, 'verify'))}`);
      return root;
    } catch (error) {
      await letGo(keeper);
      throw error;
    }
  }

  /**
   * Runs a command; when it ends, so does everything that it started.
   *
   * @throws {ProtoclError} `REHEARSAL_USAGE` if `out` is not empty or something to carry is not there,
   *   `REHEARSAL_ROOT_INVALID` if the root cannot be set up
   */
  async run({ command, carried = [], out, timeoutSeconds, log }: Call): Promise<CallResult> {
    await makeEmpty(out);
    await this.#carry(carried);

    const script = join(import.meta.dirname, 'emptyRoot.sh');
    const parameters = [join(this.#base, 'root'), join(this.#base, 'plan'), resolve(out), command];
    const [unshare, ...flags] = this.#namespaces;
    const child = spawn(unshare, [...flags, 'bash', script, ...parameters], {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      // No Ctrl-C of the terminal reaches it; what ends it is the end of its standard input.
      detached: true,
      env: systemPath(),
    });
    const { stdin, stdout, stderr } = child;
    const readiness = child.stdio[3] as Readable;

    let start: number | undefined;
    let timedOut = false;
    let timer: NodeJS.Timeout | undefined;
    readiness.once('data', () => {
      start = performance.now();
      timer = setTimeout(() => {
        timedOut = true;
        child.kill('SIGKILL');
        stdin.destroy();
      }, timeoutSeconds * 1e3);
    });
    const output = collect(stdout, log);
    const problems = collect(stderr);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    if (start === undefined) {
      throw gpuCheckError('REHEARSAL_ROOT_INVALID', {
        message: `The empty root could not be set up (${reason(problems())})`,
        remedy: 'See its plan in tools/gpu-check/rehearse/rootContents.ts',
      });
    }
    const seconds = (performance.now() - start) / 1e3;
    return { code: timedOut ? KILLED : (code ?? KILLED), output: output(), seconds, timedOut };
  }

  /** Removes everything. */
  async close(): Promise<void> {
    await letGo(this.#keeper);
  }

  async #carry(carried: readonly Carried[]): Promise<void> {
    const repository = join(this.#base, 'home/repo');
    for (const path of this.#carried) await rm(join(repository, path), { recursive: true, force: true });
    this.#carried = carried.map(({ to }) => to);
    for (const { from, to } of carried) {
      const target = join(repository, to);
      await rm(target, { recursive: true, force: true });
      await mkdir(dirname(target), { recursive: true });
      try {
        await cp(from, target, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
      } catch (cause) {
        throw gpuCheckError('REHEARSAL_USAGE', {
          message: `${from} cannot be carried into the empty root`,
          expected: 'an existing file or folder',
          cause,
        });
      }
    }
  }
}

/** A folder for temporary files that is on disk: /tmp is in memory on some distributions. */
async function roomyFolder(): Promise<string> {
  const { TMPDIR } = process.env;
  if (TMPDIR) return TMPDIR;
  return access('/var/tmp', constants.W_OK).then(
    () => '/var/tmp',
    () => tmpdir(),
  );
}

/**
 * Starts what removes the folder as soon as its standard input closes, which it also does when this
 * process is killed.
 */
function keep(folder: string): ChildProcess {
  const removal = 'read -r _; for try in 1 2 3 4 5; do rm -rf -- "$0" && exit; sleep 0.2; done';
  return spawn('sh', ['-c', removal, folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
}

async function letGo(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null) return;
  keeper.stdin!.end();
  await once(keeper, 'exit');
}

async function makeEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const found = await readdir(folder);
  if (found.length === 0) return;
  throw gpuCheckError('REHEARSAL_USAGE', {
    message: `${folder} is not empty`,
    given: found,
    expected: 'a folder for the results of one call',
  });
}

/** Gathers what a stream says, and hands on its lines. */
function collect(stream: Readable, log?: (line: string) => void): () => string {
  let text = '';
  let line = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-LONGEST_OUTPUT);
    const lines = (line + chunk).split('\n');
    line = lines.pop()!;
    for (const complete of lines) log?.(complete);
  });
  stream.once('end', () => {
    if (line !== '') log?.(line);
  });
  return () => text;
}

/** What a set-up that failed has said, without mount's advice on where more is to be read. */
function reason(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line && !line.startsWith('dmesg(1)')).join(' ') || 'nothing was printed';
}

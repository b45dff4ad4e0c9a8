import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative, resolve, sep } from 'node:path';

/** What tells how a process was started. */
export interface ProcessStart {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program, the script, and its arguments. */
  readonly argv: readonly string[];
  readonly cwd: string;
}

const PACKAGE = '@protocl/pipeline';
const BIN = 'protocl';
/** As it is called where a package is found but not on the path, by what the user has packages installed with. */
const RUNNERS = { npm: 'npx', pnpm: 'pnpm exec', yarn: 'yarn', bun: 'bunx' } as const;
/** What npm puts in front of the path for what it starts itself. */
const OF_A_PACKAGE = /[\\/]node_modules[\\/]\.bin[\\/]?$/;

/**
 * How the command line is called where this process was started, so that advice can be followed as it is printed:
 * `protocl` if that is on the path; `npx protocl`, or the like of another package manager, in a project that has the
 * package; `npx -p @protocl/pipeline protocl` if npx had to fetch it; else by the path of its file.
 */
export function calledAs(start: ProcessStart = { ...process, cwd: process.cwd() }): string {
  const script = start.argv[1] ?? '';
  const isOurs = [BIN, `${BIN}.js`].includes(basename(script));
  const manager = managerOf(start.env);
  if (isOnPath(start, isOurs ? script : undefined, manager !== undefined)) return BIN;
  if (isOurs && realPath(script).split(sep).includes('_npx')) return `npx -p ${PACKAGE} ${BIN}`;
  if (manager !== undefined) return `${RUNNERS[manager]} ${BIN}`;
  if (!isOurs || isInProject(start.cwd)) return `npx ${BIN}`;
  const near = relative(start.cwd, script);
  return `node ${shellWord(near.startsWith('..') ? script : near)}`;
}

/** An argument as a shell reads it. */
export function shellWord(argument: string): string {
  return /^[\w.,:=/@%+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/** The package manager that started this process, by npx, a script or the like. */
function managerOf(env: ProcessStart['env']): keyof typeof RUNNERS | undefined {
  if (env['npm_command'] === undefined && env['npm_lifecycle_event'] === undefined) return undefined;
  const name = /^\w+/.exec(env['npm_config_user_agent'] ?? 'npm')?.[0] ?? 'npm';
  return Object.hasOwn(RUNNERS, name) ? (name as keyof typeof RUNNERS) : 'npm';
}

/** @param script that the name has to lead to, if it is ours that runs */
function isOnPath({ env }: ProcessStart, script: string | undefined, isManaged: boolean): boolean {
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter);
  // These are on the path of this process alone, not on that of the terminal.
  const lasting = isManaged ? folders.filter((folder) => !OF_A_PACKAGE.test(folder)) : folders;
  return lasting.some((folder) => {
    if (folder === '') return false;
    // A file of commands leads there without being a link.
    if (existsSync(join(folder, `${BIN}.cmd`))) return true;
    const found = join(folder, BIN);
    return existsSync(found) && (script === undefined || realPath(found) === realPath(script));
  });
}

/** Whether npx finds the package from a folder: it looks upwards, too. */
function isInProject(folder: string): boolean {
  const here = resolve(folder);
  if (existsSync(join(here, 'node_modules', '.bin', BIN))) return true;
  return dirname(here) !== here && isInProject(dirname(here));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

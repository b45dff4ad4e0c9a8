import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './run.mjs';
import { workspaceRoot } from './workspace.mjs';

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [link] whether it is a folder of this repository
 * @property {boolean} [optional] whether npm may leave it out, for a platform that it does not fit
 */
/** @typedef {Record<string, LockedPackage>} LockedPackages keyed by path, such as `node_modules/jest` */

/**
 * The paths at which what is installed differs from what is locked.
 *
 * @param {LockedPackages} locked the `packages` of package-lock.json
 * @param {LockedPackages} installed the `packages` of node_modules/.package-lock.json, which npm writes last
 * @returns {string[]}
 */
export function outdated(locked, installed) {
  return Object.entries(locked)
    .filter(([path, wanted]) => {
      if (!path.includes('node_modules/')) return false;
      const present = installed[path];
      if (present === undefined) return wanted.optional !== true;
      return present.version !== wanted.version || present.integrity !== wanted.integrity;
    })
    .map(([path]) => path);
}

/**
 * Installs the npm packages that package-lock.json names, unless they are all there.
 *
 * @param {{ log: (line: string) => void }} options
 * @throws Error when npm fails
 */
export async function installDependencies({ log }) {
  const locked = await readPackages('package-lock.json');
  if (locked === null) throw new Error(`There is no readable package-lock.json in ${workspaceRoot}.`);
  const installed = await readPackages(join('node_modules', '.package-lock.json'));
  const changed = outdated(locked, installed ?? {});
  if (installed !== null && changed.length === 0) return;

  log(
    installed === null
      ? 'Installing the npm packages that package-lock.json names, about 400 MB on disk, with npm ci'
      : `Installing the npm packages again with npm ci: ${changed.length} differ from package-lock.json, such as ${changed[0]}`,
  );
  const code = await npm(['ci', '--no-audit', '--no-fund']);
  if (code !== 0) {
    throw new Error(
      `npm ci ended with code ${code}; what it says above names the cause. It needs the npm registry, or a full npm cache.`,
    );
  }
}

/**
 * @param {string} file
 * @returns {Promise<LockedPackages | null>}
 */
async function readPackages(file) {
  try {
    return JSON.parse(await readFile(join(workspaceRoot, file), 'utf8')).packages;
  } catch {
    return null;
  }
}

/** @param {readonly string[]} args */
function npm(args) {
  // The npm that runs this script, where one does, so that nothing depends on the PATH.
  const running = process.env['npm_execpath'];
  if (running !== undefined && basename(running) === 'npm-cli.js')
    return run(process.execPath, [running, ...args]);
  return run('npm', args, { shell: process.platform === 'win32' });
}

import { fileURLToPath } from 'node:url';
import { formatFiles, generateFiles, installPackagesTask, joinPathFragments, updateJson } from '@nx/devkit';

/**
 * @typedef {object} PackageOptions
 * @property {string} name without scope
 * @property {string} [description] the package's one job, in a sentence
 * @property {string[]} [imports] what it may import, without scope, where the table of boundaries does not list it
 * @property {boolean} [skipInstall]
 */
/** @typedef {import('@nx/devkit').Tree} Tree */

/**
 * Creates `packages/NAME`: an empty but complete package that builds, lints, tests and packs. It is given the place in
 * the module boundaries that the table has for its name; a name that is new there is added with `imports`.
 *
 * @param {Tree} tree
 * @param {PackageOptions} options
 * @returns {Promise<() => void>} what links it, to be run once the files are written
 * @throws Error for a name that is taken or no npm name, or an import that is no package of the table
 */
export default async function createPackage(tree, { name, description, imports, skipInstall = false }) {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new Error(
      `A package cannot be called '${name}': expected lower-case words joined by hyphens, without scope.`,
    );
  }
  const root = joinPathFragments('packages', name);
  if (tree.exists(joinPathFragments(root, 'package.json')))
    throw new Error(`There is a package in ${root} already.`);

  const sentence = description ?? `The ${name} of protocl`;
  addToBoundaries(tree, name, imports);
  generateFiles(tree, fileURLToPath(new URL('files', import.meta.url)), root, {
    name,
    description: sentence,
  });
  tree.write(joinPathFragments(root, 'LICENSE'), tree.read('LICENSE') ?? '');
  updateJson(tree, 'tsconfig.json', (config) => {
    const tools = config.references.findIndex((/** @type {{ path: string }} */ { path }) => path === 'tools');
    config.references.splice(tools, 0, { path: root }, { path: `${root}/test` });
    return config;
  });
  addToReadme(tree, name, sentence);
  await formatFiles(tree);
  return () => {
    if (!skipInstall) installPackagesTask(tree, true);
  };
}

/**
 * @param {Tree} tree
 * @param {string} name
 * @param {string[] | undefined} imports
 */
function addToBoundaries(tree, name, imports) {
  updateJson(tree, 'tools/lint/boundaries.json', (/** @type {Record<string, string[]>} */ boundaries) => {
    const listed = boundaries[name];
    if (listed !== undefined) {
      if (imports === undefined || String(imports) === String(listed)) return boundaries;
      throw new Error(
        `tools/lint/boundaries.json says that ${name} may import [${listed.join(', ')}], not [${imports.join(', ')}]. ` +
          'Change it there, or leave --imports out.',
      );
    }
    const unknown = imports?.find((imported) => !Object.hasOwn(boundaries, imported));
    if (unknown !== undefined) {
      throw new Error(
        `There is no package '${unknown}' to import. There are: ${Object.keys(boundaries).join(', ')}.`,
      );
    }
    return { ...boundaries, [name]: imports ?? [] };
  });
}

/**
 * Adds a row to the table of packages, after its last one.
 *
 * @param {Tree} tree
 * @param {string} name
 * @param {string} description
 */
function addToReadme(tree, name, description) {
  const lines = (tree.read('README.md', 'utf8') ?? '').split('\n');
  const last = lines.findLastIndex((line) => line.startsWith('| [`@protocl/'));
  if (last === -1) throw new Error('README.md has no table of packages to add a row to.');
  lines.splice(last + 1, 0, `| [\`@protocl/${name}\`](packages/${name}) | ${description} |`);
  tree.write('README.md', lines.join('\n'));
}

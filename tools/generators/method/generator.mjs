import { fileURLToPath } from 'node:url';
import { formatFiles, generateFiles } from '@nx/devkit';

import { requireFreeNames, requireFreePaths } from './freeNames.mjs';
import { addCase, addElement, addExport, addImport, addNamedImport, editFile } from './edits.mjs';

/** @typedef {import('@nx/devkit').Tree} Tree */

const EXPORTS = 'packages/trainer/src/portable.ts';
const SECTION = 'packages/pipeline/src/config/sections/method.ts';
const METHOD_OF = 'packages/pipeline/src/config/methodOf.ts';
const PRESETS = 'packages/pipeline/src/presets/presets.ts';

/**
 * Creates a training method that works from the start (InfoNCE within the batch), with its options, a test and a preset
 * for CIFAR-10, and tells the trainer's exports and the pipeline's configuration of it.
 *
 * @param {Tree} tree
 * @param {{ name: string }} options
 * @returns {Promise<void>}
 * @throws Error for a name that is taken or malformed, and for a file that has no place to add the method to
 */
export default async function createMethod(tree, { name }) {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new Error(`A method cannot be called '${name}': expected lower-case words joined by hyphens.`);
  }
  const words = name.split('-');
  const className = words.map(capitalized).join('');
  const fileName = className.charAt(0).toLowerCase() + className.slice(1);
  const title = capitalized(words.join(' '));
  const made = [
    `packages/trainer/src/methods/${fileName}.ts`,
    `packages/trainer/test/${fileName}.test.ts`,
    `packages/pipeline/src/presets/${fileName}.ts`,
  ];
  requireFreePaths(tree, name, made);

  const files = fileURLToPath(new URL('files', import.meta.url));
  generateFiles(tree, files, '.', { name, fileName, className, title });
  const values = [`create${className}`, `${fileName}Schema`];
  const types = [`Create${className}Options`, `${className}Options`];
  editFile(tree, EXPORTS, (source) => [addExport(source, './methods/', fileName, values, types)]);
  editFile(tree, SECTION, (source) => [
    addNamedImport(source, '@protocl/trainer', `${fileName}Schema`),
    addElement(
      source,
      'methodSchema',
      `z.strictObject({ kind: z.literal('${name}'), ...${fileName}Schema.shape }).describe('${title}: InfoNCE within the batch.')`,
    ),
  ]);
  editFile(tree, METHOD_OF, (source) => [
    addNamedImport(source, '@protocl/trainer', `create${className}`),
    addCase(
      source,
      'methodOf',
      name,
      `return create${className}({ encoder: parts.encoder, ...optionsOf(method) });`,
    ),
    addCase(source, 'problemsOfMethod', name, 'return [];'),
  ]);
  editFile(tree, PRESETS, (source) => [
    addImport(source, `./${fileName}.js`, `${fileName}Cifar10`),
    addElement(source, 'presets', `'${name}-cifar10': ${fileName}Cifar10`),
  ]);
  const names = [...values, ...types, `${fileName}Cifar10`];
  requireFreeNames(tree, name, names, [...made, EXPORTS, SECTION, METHOD_OF, PRESETS]);
  await formatFiles(tree);
}

/** @param {string} text */
function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

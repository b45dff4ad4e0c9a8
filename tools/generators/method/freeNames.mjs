import { dirname } from 'node:path/posix';
import ts from 'typescript';

import { parse } from './edits.mjs';

/** @typedef {import('@nx/devkit').Tree} Tree */

/**
 * @param {Tree} tree
 * @param {string} name of the method
 * @param {readonly string[]} paths of the files that it wants
 * @throws Error where one of them is there, be it in other capitals
 */
export function requireFreePaths(tree, name, paths) {
  for (const path of paths) {
    const folder = dirname(path);
    const taken = tree
      .children(folder)
      .map((child) => `${folder}/${child}`)
      .find((other) => other.toLowerCase() === path.toLowerCase());
    if (taken !== undefined)
      throw new Error(`A method cannot be called '${name}': there is ${taken} already.`);
  }
}

/**
 * @param {Tree} tree
 * @param {string} name of the method
 * @param {readonly string[]} made names that are made of it
 * @param {readonly string[]} paths of the files that have these names now
 * @throws Error where one of them is there twice
 */
export function requireFreeNames(tree, name, made, paths) {
  for (const path of paths) {
    const names = namesAtTop(parse(tree, path));
    const taken = made.find((each) => names.indexOf(each) !== names.lastIndexOf(each));
    if (taken !== undefined) {
      throw new Error(`A method cannot be called '${name}': ${path} has another ${taken}.`);
    }
  }
}

/**
 * What a file imports, declares, and exports from elsewhere.
 *
 * @param {ts.SourceFile} source
 * @returns {string[]}
 */
function namesAtTop(source) {
  /** @type {string[]} */
  const names = [];
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      names.push(...statement.declarationList.declarations.map((declaration) => declaration.name.getText()));
    } else if (ts.isImportDeclaration(statement)) {
      const bindings = statement.importClause?.namedBindings;
      if (bindings && ts.isNamedImports(bindings)) {
        names.push(...bindings.elements.map((element) => element.name.text));
      }
    } else if (ts.isExportDeclaration(statement)) {
      const clause = statement.exportClause;
      if (clause && ts.isNamedExports(clause)) {
        names.push(...clause.elements.map((element) => element.name.text));
      }
    } else if (
      (ts.isFunctionDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement)) &&
      statement.name
    ) {
      names.push(statement.name.text);
    }
  }
  return names;
}

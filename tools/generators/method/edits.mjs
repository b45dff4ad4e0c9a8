import ts from 'typescript';

/** @typedef {import('@nx/devkit').Tree} Tree */
/**
 * @typedef {object} Insertion
 * @property {number} position in the file's text
 * @property {string} text
 */

/**
 * Puts text into a TypeScript file. What is put in is right by its syntax; its layout is the formatter's.
 *
 * @param {Tree} tree
 * @param {string} path
 * @param {(source: ts.SourceFile) => readonly Insertion[]} insertionsOf where to put what
 * @throws Error that names the file, if it is not there or has not the place
 */
export function editFile(tree, path, insertionsOf) {
  const source = parse(tree, path);
  const fromTheEnd = insertionsOf(source).toSorted((a, b) => b.position - a.position);
  const edited = fromTheEnd.reduce(
    (text, { position, text: added }) => text.slice(0, position) + added + text.slice(position),
    source.text,
  );
  tree.write(path, edited);
}

/**
 * @param {Tree} tree
 * @param {string} path
 * @returns {ts.SourceFile}
 * @throws Error that names the file, if it is not there
 */
export function parse(tree, path) {
  const text = tree.read(path, 'utf8');
  if (text === null) throw new Error(`There is no ${path}, which the method has to be added to.`);
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/**
 * Exports of a module, after the exports of the last module in its folder that has a schema.
 *
 * @param {ts.SourceFile} source
 * @param {string} folder such as `./methods/`
 * @param {string} fileName without extension
 * @param {readonly string[]} values
 * @param {readonly string[]} types
 * @returns {Insertion}
 */
export function addExport(source, folder, fileName, values, types) {
  const last = source.statements.findLast(
    (statement) =>
      ts.isExportDeclaration(statement) &&
      moduleOf(statement)?.startsWith(folder) &&
      /Schema\b/.test(statement.getText()),
  );
  if (last === undefined) throw missing(source, `exports of a schema from '${folder}…'`);
  const names = [...values, ...types.map((type) => `type ${type}`)];
  return { position: last.end, text: `\nexport { ${names.join(', ')} } from '${folder}${fileName}.js';` };
}

/**
 * A name among those that are imported of a module, by the alphabet, and before types.
 *
 * @param {ts.SourceFile} source
 * @param {string} module
 * @param {string} name
 * @returns {Insertion}
 */
export function addNamedImport(source, module, name) {
  const bindings = source.statements
    .filter(ts.isImportDeclaration)
    .filter((statement) => moduleOf(statement) === module)
    .map((statement) => statement.importClause)
    .filter((clause) => clause?.phaseModifier !== ts.SyntaxKind.TypeKeyword)
    .map((clause) => clause?.namedBindings)
    .find((each) => each !== undefined && ts.isNamedImports(each));
  if (bindings === undefined || !ts.isNamedImports(bindings)) {
    throw missing(source, `import { … } from '${module}'`);
  }
  const next = bindings.elements.find((element) => element.isTypeOnly || element.name.text > name);
  return next ? { position: next.getStart(), text: `${name}, ` } : atEnd(bindings.elements, name);
}

/**
 * An import of a module in the same folder, by the alphabet.
 *
 * @param {ts.SourceFile} source
 * @param {string} module such as `./moco.js`
 * @param {string} name
 * @returns {Insertion}
 */
export function addImport(source, module, name) {
  const imports = source.statements.filter(ts.isImportDeclaration);
  const neighbours = imports.filter((statement) => moduleOf(statement)?.startsWith('./'));
  const next = neighbours.find((statement) => (moduleOf(statement) ?? '') > module);
  const text = `import { ${name} } from '${module}';`;
  if (next) return { position: next.getStart(), text: `${text}\n` };
  const last = imports.at(-1);
  if (last === undefined) throw missing(source, 'import');
  return { position: last.end, text: `\n${text}` };
}

/**
 * A last element of the outermost array or object in the value of a constant.
 *
 * @param {ts.SourceFile} source
 * @param {string} constant
 * @param {string} text
 * @returns {Insertion}
 */
export function addElement(source, constant, text) {
  const declaration = source.statements
    .filter(ts.isVariableStatement)
    .flatMap((statement) => [...statement.declarationList.declarations])
    .find((each) => each.name.getText() === constant);
  const literal =
    declaration?.initializer &&
    findNode(
      declaration.initializer,
      (node) => ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node),
    );
  if (literal === undefined) throw missing(source, `const ${constant} with an array or an object`);
  return atEnd(ts.isArrayLiteralExpression(literal) ? literal.elements : literal.properties, text);
}

/**
 * A case of the switch of a function, before the default.
 *
 * @param {ts.SourceFile} source
 * @param {string} functionName
 * @param {string} value
 * @param {string} statement
 * @returns {Insertion}
 */
export function addCase(source, functionName, value, statement) {
  const body = source.statements
    .filter(ts.isFunctionDeclaration)
    .find((declaration) => declaration.name?.text === functionName)?.body;
  const found = body && findNode(body, ts.isSwitchStatement);
  if (found === undefined) throw missing(source, `function ${functionName} with a switch`);
  const { clauses } = found.caseBlock;
  const position = clauses.find(ts.isDefaultClause)?.getFullStart() ?? clauses.end;
  return { position, text: `\ncase '${value}':\n${statement}` };
}

/**
 * @param {ts.NodeArray<ts.Node>} list
 * @param {string} text
 * @returns {Insertion}
 */
function atEnd(list, text) {
  const last = list.at(-1);
  return last ? { position: last.end, text: `, ${text}` } : { position: list.pos, text };
}

/**
 * The first node of a kind, outer ones first.
 *
 * @template {ts.Node} Found
 * @param {ts.Node} node
 * @param {(node: ts.Node) => node is Found} isFound
 * @returns {Found | undefined}
 */
function findNode(node, isFound) {
  if (isFound(node)) return node;
  return ts.forEachChild(node, (child) => findNode(child, isFound));
}

/** @param {ts.ImportDeclaration | ts.ExportDeclaration} statement */
function moduleOf({ moduleSpecifier }) {
  return moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined;
}

/**
 * @param {ts.SourceFile} source
 * @param {string} place
 */
function missing(source, place) {
  return new Error(
    `${source.fileName} has no '${place}', which the method was to be added to. ` +
      'Put it back, or teach tools/generators/method/generator.mjs the new place.',
  );
}

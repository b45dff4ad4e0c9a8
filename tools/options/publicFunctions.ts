import { join, sep } from 'node:path';

import ts from 'typescript';

import { workspaceRoot } from '../setup/workspace.mjs';

/** A public function or class that takes an object of options. */
export interface PublicFunction {
  /** As it is called: `kmeans`, `recipes.mocoV1`. */
  readonly name: string;
  readonly isClass: boolean;
  /** The place of the options among the arguments, from 0. */
  readonly place: number;
  readonly options: readonly PublicOption[];
  /** What tells options of several kinds apart, such as `{ kind: 'sgd' }`: those of the first kind are listed. */
  readonly kind: Readonly<Record<string, string>>;
}

export interface PublicOption {
  readonly name: string;
  readonly isRequired: boolean;
}

const SOURCES = `${sep}packages${sep}`;

/**
 * What the public functions and classes of some packages can be told by options, as TypeScript has it: of each
 * export of their `src/index.ts`, and of the functions in an exported object, the first parameter whose type is
 * called options, or has no name and nothing that has to be given.
 *
 * @param folders names within `packages`
 */
export function publicFunctions(folders: readonly string[]): Map<string, PublicFunction[]> {
  const file = join(workspaceRoot, 'tsconfig.base.json');
  const read = ts.readConfigFile(file, (path) => ts.sys.readFile(path)).config as object;
  const { options } = ts.parseJsonConfigFileContent(read, ts.sys, workspaceRoot);
  const indices = folders.map((folder) => join(workspaceRoot, 'packages', folder, 'src', 'index.ts'));
  const program = ts.createProgram(indices, {
    ...options,
    noEmit: true,
    composite: false,
    incremental: false,
  });
  const checker = program.getTypeChecker();
  return new Map(
    folders.map((folder, at) => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(indices[at]!)!)!;
      return [folder, checker.getExportsOfModule(module).flatMap((symbol) => inExport(checker, symbol))];
    }),
  );
}

function inExport(checker: ts.TypeChecker, symbol: ts.Symbol): PublicFunction[] {
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  const target = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
  if ((target.flags & ts.SymbolFlags.Value) === 0) return [];
  const type = checker.getTypeOfSymbol(target);
  const own = signaturesOf(type).flatMap((signature) => ofSignature(checker, symbol.name, signature));
  if (own.length > 0) return own.slice(0, 1);
  return checker.getPropertiesOfType(type).flatMap((property) =>
    signaturesOf(checker.getTypeOfSymbol(property))
      // An object of somebody else's, such as a schema, has functions too.
      .filter(({ declaration }) => declaration?.getSourceFile().fileName.includes(SOURCES))
      .flatMap((signature) => ofSignature(checker, `${symbol.name}.${property.name}`, signature)),
  );
}

function signaturesOf(type: ts.Type): ts.Signature[] {
  return [...type.getCallSignatures(), ...type.getConstructSignatures()];
}

function ofSignature(checker: ts.TypeChecker, name: string, signature: ts.Signature): PublicFunction[] {
  for (const [place, parameter] of signature.parameters.entries()) {
    const declared = parameter.valueDeclaration;
    if (!declared || !ts.isParameter(declared) || !declared.type) continue;
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(parameter));
    if (!isOptions(checker, declared.type, type)) continue;
    const ofKind = type.isUnion() ? type.types[0]! : type;
    const properties = checker.getPropertiesOfType(ofKind);
    const literals = type.isUnion()
      ? properties.flatMap((property): [string, string][] => {
          const value = checker.getTypeOfSymbol(property);
          return value.isStringLiteral() ? [[property.name, value.value]] : [];
        })
      : [];
    const options = properties.map((property) => ({
      name: property.name,
      isRequired: (property.flags & ts.SymbolFlags.Optional) === 0,
    }));
    if (options.length === 0) continue;
    const isClass = signature.declaration?.kind === ts.SyntaxKind.Constructor;
    return [{ name, isClass, place, options, kind: Object.fromEntries(literals) }];
  }
  return [];
}

/** Whether a parameter's type is one of options, by its name, and not of data. */
function isOptions(checker: ts.TypeChecker, declared: ts.TypeNode, type: ts.Type): boolean {
  if (/(Options|Sources)\b/.test(declared.getText())) return true;
  if (!ts.isTypeLiteralNode(declared)) return false;
  return checker.getPropertiesOfType(type).every(({ flags }) => (flags & ts.SymbolFlags.Optional) !== 0);
}

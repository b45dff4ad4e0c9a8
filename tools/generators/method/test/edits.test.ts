import { describe, expect, test } from '@jest/globals';
import { createTree } from '@nx/devkit/testing';
import type { SourceFile } from 'typescript';

import { addCase, addElement, addExport, addImport, addNamedImport, editFile } from '../edits.mjs';

type Edit = (source: SourceFile) => ReturnType<typeof addCase>;

/** A text after an edit, with every gap one space. */
function edited(text: string, ...edits: Edit[]): string {
  const tree = createTree();
  tree.write('a.ts', text);
  editFile(tree, 'a.ts', (source) => edits.map((edit) => edit(source)));
  return tree.read('a.ts', 'utf8')!.trim().replaceAll(/\s+/g, ' ');
}

describe('a named import', () => {
  const add = (name: string): Edit => {
    return (source) => addNamedImport(source, 'm', name);
  };
  test.each([
    ["import { a, c } from 'm';", "import { a, b, c } from 'm';"],
    ["import { a } from 'm';", "import { a, b } from 'm';"],
    ["import { a, type A, } from 'm';", "import { a, b, type A, } from 'm';"],
    ["import { a, // why\n} from 'm';", "import { a, b, // why } from 'm';"],
    ["import {} from 'm';", "import {b} from 'm';"],
    // Types that have an import of their own, and other modules, stay alone.
    [
      "import type { A } from 'm';\nimport { z } from 'n';\nimport { a } from 'm';",
      "import type { A } from 'm'; import { z } from 'n'; import { a, b } from 'm';",
    ],
  ])('goes into %j', (text, expected) => {
    expect(edited(text, add('b'))).toBe(expected);
  });

  test('needs one of the module', () => {
    expect(() => edited("import type { A } from 'm';\nimport * as m from 'm';", add('b'))).toThrow(
      "a.ts has no 'import { … } from 'm''",
    );
  });
});

test.each([
  ["import x from 'x';\nimport { a } from './a.js';", "import x from 'x'; import { a } from './a.js'; ADDED"],
  ["import { c } from './c.js';\nf();", "ADDED import { c } from './c.js'; f();"],
  ["import x from '../x.js';\nf();", "import x from '../x.js'; ADDED f();"],
])('an import goes into %j', (text, expected) => {
  const added = "import { b } from './b.js';";
  expect(edited(text, (source) => addImport(source, './b.js', 'b'))).toBe(expected.replace('ADDED', added));
});

test.each([
  ["const list = f('k', [a, { b }]);", "const list = f('k', [a, { b }, new]);"],
  [
    "const list = f('k', [a,]).describe('x') satisfies T;",
    "const list = f('k', [a, new,]).describe('x') satisfies T;",
  ],
  ["const list: T = { 'a': [1] };", "const list: T = { 'a': [1], new };"],
  ['const list = [];', 'const list = [new];'],
  ['const other = [1]; export const list = {};', 'const other = [1]; export const list = {new};'],
])('an element goes into %j', (text, expected) => {
  expect(edited(text, (source) => addElement(source, 'list', 'new'))).toBe(expected);
});

test.each([
  [
    "function f() { switch (x) { case 'a': return 1; // no other\n default: return 2; } }",
    "function f() { switch (x) { case 'a': return 1; case 'n': stop(); // no other default: return 2; } }",
  ],
  [
    "function f() { switch (x) { case 'a': return 1; } }",
    "function f() { switch (x) { case 'a': return 1; case 'n': stop(); } }",
  ],
  [
    'function g() { switch (x) {} } function f() { if (y) switch (x) { default: } }',
    "function g() { switch (x) {} } function f() { if (y) switch (x) { case 'n': stop(); default: } }",
  ],
])('a case goes into %j', (text, expected) => {
  expect(edited(text, (source) => addCase(source, 'f', 'n', 'stop();'))).toBe(expected);
});

test('exports come after those of the last method', () => {
  const text =
    "export { aSchema } from './m/a.js';\nexport { o } from './m/o.js';\nexport { z } from './z.js';";
  const add: Edit = (source) => addExport(source, './m/', 'b', ['createB'], ['B']);
  expect(edited(text, add)).toBe(
    "export { aSchema } from './m/a.js'; export { createB, type B } from './m/b.js'; " +
      "export { o } from './m/o.js'; export { z } from './z.js';",
  );
  expect(() => edited("export { zSchema } from './z.js';", add)).toThrow('a.ts has no ');
});

test('edits of one file do not move each other', () => {
  const text = "import { a } from 'm';\nconst list = [a];";
  expect(
    edited(
      text,
      (source) => addElement(source, 'list', 'b'),
      (source) => addNamedImport(source, 'm', 'b'),
    ),
  ).toBe("import { a, b } from 'm'; const list = [a, b];");
});

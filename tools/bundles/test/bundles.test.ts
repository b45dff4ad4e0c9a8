import { builtinModules } from 'node:module';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { esbuildBundle, viteBundles, type Bundle } from '../bundle.js';
import { expectFindings } from '../expectFindings.js';
import { PAGES, type PageName } from '../pages.js';
import { runAsPage } from '../runAsPage.js';

/** An import of what Node has; where Vite puts nothing in its place, it warns. */
const LEFT_OF_NODE = /(from|import|require)\s*\(?\s*['"]node:.{20}/;

async function expectPage({ script, modules, imports, warnings }: Bundle): Promise<void> {
  expect(warnings).toEqual([]);
  expect(imports).toEqual([]);
  expect(modules.filter((id) => builtinModules.includes(id.replace(/^node:/, '')))).toEqual([]);
  expect(LEFT_OF_NODE.exec(script)?.[0]).toBeUndefined();
  expectFindings(await runAsPage(script));
}

const TIME_LIMIT = 300_000;

test.each(PAGES)(
  'bundled by esbuild, a page that uses %s has nothing of Node in it, and runs without',
  async (name) => expectPage(await esbuildBundle(name, 'cpu')),
  TIME_LIMIT,
);

describe('bundled by Vite', () => {
  let bundles: Record<PageName, Bundle>;
  beforeAll(async () => {
    bundles = await viteBundles();
  }, TIME_LIMIT);

  test.each(PAGES)(
    'a page that uses %s has nothing of Node in it, and runs without',
    (name) => expectPage(bundles[name]),
    TIME_LIMIT,
  );
});

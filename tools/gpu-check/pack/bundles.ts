import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { build, type Plugin } from 'esbuild';

import { moduleUrls, requireBanner } from '../../bench/harness/moduleUrls.js';
import { bundleSuite } from '../../conformance/bundle.js';
import { bundleName, SUITE_BUNDLE } from '../bundleName.js';

const workspace = join(import.meta.dirname, '../../..');
const check = 'tools/gpu-check/check';

/** What is started as a program or imported by its name there; a bundle's name is its path in one word. */
async function entries(): Promise<string[]> {
  const benches = await readdir(join(workspace, 'tools/bench'), { recursive: true });
  return [
    `${check}/main.ts`,
    `${check}/stepProcess.ts`,
    'packages/tfjs-backend-torch/src/index.ts',
    ...benches.filter((path) => path.endsWith('ours/worker.ts')).map((path) => `tools/bench/${path}`),
  ];
}

/**
 * Bundles all that runs on the other machine into one folder, TensorFlow.js once, so that it needs no
 * installation. Files that programs find beside their sources are found below the same folder.
 */
export async function writeBundles(folder: string): Promise<void> {
  await build({
    absWorkingDir: workspace,
    entryPoints: Object.fromEntries(
      (await entries()).map((entry) => [bundleName(entry).replace(/\.mjs$/, ''), entry]),
    ),
    bundle: true,
    splitting: true,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    format: 'esm',
    target: 'node22',
    mainFields: ['module', 'main'],
    conditions: ['@protocl/source'],
    // sharp finds its binaries beside itself; the others are not needed there, and loaded only when they are.
    external: ['sharp', 'koffi', 'echarts', 'puppeteer-core', 'faiss-node', 'esbuild'],
    plugins: [prebuilt, moduleUrls(placeInPack)],
    banner: { js: requireBanner },
    logLevel: 'error',
  });
  await writeFile(join(folder, SUITE_BUNDLE), await bundleSuite('torch'));
}

/** A source file's place below the folder of the bundles, in which all of them lie side by side. */
function placeInPack(path: string): { url: string; directory: string } {
  const place = relative(workspace, path);
  return {
    url: `new URL(${JSON.stringify(`./${place}`)}, import.meta.url).href`,
    directory: `(import.meta.dirname + ${JSON.stringify(`/${dirname(place)}`)})`,
  };
}

/** There is no bundler there: what bundles when it is called gives way to what finds the bundle. */
const prebuilt: Plugin = {
  name: 'prebuilt',
  setup(bundler) {
    const swaps = [
      {
        filter: /bench\/harness\/bundledSide\.js$|^\.\.\/harness\/bundledSide\.js$/,
        file: 'prebuiltSide.ts',
      },
      { filter: /conformance\/bundle\.js$/, file: 'prebuiltSuite.ts' },
    ];
    for (const { filter, file } of swaps) {
      bundler.onResolve({ filter }, () => ({ path: join(workspace, check, file) }));
    }
  },
};

/** Files of the repository that are found beside the sources, as they are. */
export async function filesBesideSources(): Promise<string[]> {
  const python = await readdir(join(workspace, 'tools/bench'), { recursive: true });
  const native = await readdir(join(workspace, 'packages/tfjs-backend-torch/native'));
  return [
    ...python.filter((path) => path.endsWith('.py')).map((path) => `tools/bench/${path}`),
    ...native.map((path) => `packages/tfjs-backend-torch/native/${path}`),
  ];
}

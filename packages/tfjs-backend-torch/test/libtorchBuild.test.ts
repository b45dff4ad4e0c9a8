import { execFile, execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { TorchBackendError } from '../src/errors.js';
import { addonRecipe } from '../src/libtorch/addonRecipe.js';
import { buildAddon } from '../src/libtorch/buildAddon.js';
import { exclusively } from '../src/libtorch/exclusively.js';
import { inspectLibtorch } from '../src/libtorch/inspectLibtorch.js';
import type { Libtorch } from '../src/libtorch/libtorch.js';
import { prepareTorch } from '../src/libtorch/prepare.js';
import {
  emptyElf,
  fakeLibtorch,
  fakeNative,
  libraryName,
  restoreVariables,
  temporaryFolder,
  write,
} from './fakeLibtorch.js';

let folder: string;
let libtorch: Libtorch;
const before = { ...process.env };

beforeAll(async () => {
  folder = temporaryFolder();
  // A space in the name, as in "Application Support", must not matter.
  libtorch = await inspectLibtorch(
    fakeLibtorch(join(folder, 'a libtorch'), { isLinkable: true }),
    'PROTOCL_LIBTORCH',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  process.env['PROTOCL_CACHE'] = join(folder, 'a cache');
  process.env['PROTOCL_LIBTORCH'] = libtorch.root;
});
afterEach(() => {
  restoreVariables(['PROTOCL_CACHE', 'PROTOCL_LIBTORCH', 'PATH', 'CXX'], before);
});

describe('compiling', () => {
  test('brings an addon that loads, and a second start compiles nothing', async () => {
    const nativeFolder = fakeNative(join(folder, 'native'));
    const lines: string[] = [];
    const { addonPath } = await prepareTorch({ nativeFolder, log: (line) => lines.push(line) });
    expect(lines.filter((line) => line.includes('compiling it'))).toHaveLength(1);
    const addon = createRequire(import.meta.url)(addonPath) as { version(): string };
    expect(addon.version()).toBe('9.9.9');
    const start = performance.now();
    expect((await prepareTorch({ nativeFolder, log: (line) => lines.push(line) })).addonPath).toBe(addonPath);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(lines.filter((line) => line.includes('compiling it'))).toHaveLength(1);
    expect(readdirSync(dirname(addonPath))).toEqual(['protocl_torch.node']);
    // In a new file: this process has the old one mapped, and would be ended for reading beyond its end.
    const damaged = readFileSync(addonPath).subarray(0, 1000);
    rmSync(addonPath);
    write(addonPath, damaged);
    await prepareTorch({ nativeFolder, log: (line) => lines.push(line) });
    expect(lines.filter((line) => line.includes('compiling it'))).toHaveLength(2);
  }, 60_000);

  test('takes nothing but a compiler, its assembler and its linker', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const tool of ['c++', 'as', 'ld']) {
      const path = execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
      symlinkSync(path, join(bin, tool));
    }
    process.env['PATH'] = bin;
    process.env['PROTOCL_CACHE'] = join(folder, 'bare cache');
    delete process.env['CXX'];
    const addonPath = await buildAddon({ libtorch, nativeFolder: fakeNative(join(folder, 'bare')) });
    expect(existsSync(addonPath)).toBe(true);
  }, 60_000);

  test('finds the headers of Node-API in the folder that is named', async () => {
    const headersFolder = join(folder, 'headers of Node');
    const { include_dir } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
    cpSync(include_dir, headersFolder, { recursive: true });
    appendFileSync(join(headersFolder, 'node_api.h'), '#define FROM_THE_NAMED_FOLDER\n');
    const nativeFolder = fakeNative(
      join(folder, 'named'),
      `#include <node_api.h>
      #ifndef FROM_THE_NAMED_FOLDER
      #error other headers
      #endif
      NAPI_MODULE_INIT() { return exports; }`,
    );
    expect(existsSync(await buildAddon({ libtorch, nativeFolder, headersFolder }))).toBe(true);
    const missing = {
      libtorch,
      nativeFolder: fakeNative(join(folder, 'named otherwise'), '#include <node_api.h>'),
    };
    await expect(buildAddon({ ...missing, headersFolder: join(folder, 'no headers') })).rejects.toMatchObject(
      {
        code: 'BUILD_FAILED',
        message: expect.stringContaining('node_api.h'),
      },
    );
  }, 60_000);

  test("links libtorch's own OpenMP and not the system's beside it", async () => {
    const root = fakeLibtorch(join(folder, 'with OpenMP'), { isLinkable: true });
    cpSync(join(root, 'lib', libraryName('c10')), join(root, 'lib', 'libgomp-0123abcd.so.1'));
    const withOpenMp = await inspectLibtorch(root, 'PROTOCL_LIBTORCH');
    const addonPath = await buildAddon({
      libtorch: withOpenMp,
      nativeFolder: fakeNative(join(folder, 'threads')),
    });
    const linked = readFileSync(addonPath, 'latin1').match(/lib\w[-\w.]*\.(so|dylib)[.\d]*/g);
    expect(linked).not.toContain('libgomp.so.1');
    expect(linked).toContain(libraryName('torch_cpu'));
  }, 60_000);

  test('happens once where two processes start together', async () => {
    const nativeFolder = fakeNative(
      join(folder, 'together'),
      '#include <node_api.h>\nNAPI_MODULE_INIT() { return exports; }',
    );
    const script = fileURLToPath(new URL('prepareAlone.ts', import.meta.url));
    const run = promisify(execFile);
    const outputs = await Promise.all(
      [1, 2].map(() =>
        run(process.execPath, ['--import', 'tsx', script, nativeFolder], {
          cwd: dirname(script),
          env: process.env,
        }),
      ),
    );
    const lines = outputs.map(({ stdout }) => stdout.trim().split('\n'));
    expect(lines.flat().filter((line) => line.includes('addon: compiling it'))).toHaveLength(1);
    expect(lines[0]?.at(-1)).toBe(lines[1]?.at(-1));
    expect(existsSync(lines[0]?.at(-1) ?? '')).toBe(true);
  }, 60_000);

  test('that fails shows the error and where the log is, and leaves nothing else', async () => {
    const nativeFolder = fakeNative(join(folder, 'wrong'), '#include "not_there.h"\n');
    process.env['PROTOCL_CACHE'] = join(folder, 'empty cache');
    const error: unknown = await buildAddon({ libtorch, nativeFolder }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BUILD_FAILED' });
    const { message } = error as TorchBackendError;
    expect(message).toMatch(/addon\.cc.*not_there\.h/);
    const log = /The whole log is (.*\.log)\./.exec(message)?.[1] ?? '';
    expect(readFileSync(log, 'utf8')).toContain('not_there.h');
    expect(readdirSync(dirname(log))).toEqual([basename(log)]);
  }, 60_000);

  test('without a compiler says what to install', async () => {
    process.env['PATH'] = join(folder, 'nothing');
    delete process.env['CXX'];
    const nativeFolder = fakeNative(join(folder, 'never'), '// never compiled');
    const error: unknown = await buildAddon({ libtorch, nativeFolder }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TorchBackendError);
    expect(error).toMatchObject({ code: 'COMPILER_MISSING' });
    const { message } = error as TorchBackendError;
    expect(message).toMatch(/no C\+\+ compiler \(tried .*c\+\+/);
    expect(message).toContain(
      process.platform === 'darwin' ? 'xcode-select --install' : 'apt-get install g++',
    );
  });
});

describe('the key of the result', () => {
  let nativeFolder: string;
  beforeEach(() => {
    nativeFolder = fakeNative(join(folder, 'keyed'));
  });

  test('stays while nothing changes', async () => {
    expect((await addonRecipe(libtorch, nativeFolder)).key).toBe(
      (await addonRecipe(libtorch, nativeFolder)).key,
    );
  });

  test('changes with a source, a new header, the version, the path, and the libraries', async () => {
    const keys = [(await addonRecipe(libtorch, nativeFolder)).key];
    write(join(nativeFolder, 'addon.cc'), '// changed');
    keys.push((await addonRecipe(libtorch, nativeFolder)).key);
    write(join(nativeFolder, 'more.h'), '');
    keys.push((await addonRecipe(libtorch, nativeFolder)).key);
    keys.push((await addonRecipe({ ...libtorch, version: '2.12.0' }, nativeFolder)).key);
    const elsewhere = fakeLibtorch(join(folder, 'elsewhere'));
    keys.push((await addonRecipe(await inspectLibtorch(elsewhere, 'python'), nativeFolder)).key);
    utimesSync(join(elsewhere, 'lib', libraryName('torch_cpu')), 1, 1);
    keys.push((await addonRecipe(await inspectLibtorch(elsewhere, 'python'), nativeFolder)).key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("the nvJitLink beside Python's CUDA build is linked, not another of its libraries, nor without CUDA", async () => {
    const root = fakeLibtorch(join(folder, 'site-packages/torch'));
    const nvidia = join(folder, 'site-packages/nvidia');
    const dir = join(nvidia, 'cu13/lib');
    for (const file of ['libnvJitLink.so.13', 'libcusparse.so.12']) write(join(dir, file), emptyElf());
    write(join(nvidia, 'py.typed'), '');
    const cpu = await inspectLibtorch(root, 'python');
    const { linkerFlags, libraries } = await addonRecipe({ ...cpu, cuda: true }, nativeFolder);
    expect(linkerFlags).toEqual(expect.arrayContaining([`-L${dir}`, dir]));
    expect(libraries.filter((flag) => flag.startsWith('-l:lib') && !flag.includes('gomp'))).toEqual([
      '-l:libnvJitLink.so.13',
    ]);
    const without = await addonRecipe(cpu, nativeFolder);
    expect([...without.linkerFlags, ...without.libraries].join()).not.toContain(nvidia);
    expect(without.libraries.join()).not.toContain('nvJitLink');
  });

  test('the language follows the version, and the macro CUDA', async () => {
    const recent = await addonRecipe(libtorch, nativeFolder);
    expect(recent.compilerFlags).toContain('-std=c++20');
    expect(recent.defines).not.toContain('PROTOCL_WITH_CUDA');
    const old = await addonRecipe({ ...libtorch, version: '1.13.1', cuda: true }, nativeFolder);
    expect(old.compilerFlags).toContain('-std=c++17');
    expect(old.defines).toContain('PROTOCL_WITH_CUDA');
  });
});

test('the lock of a process that died is taken over', async () => {
  const path = join(folder, 'locks/something');
  mkdirSync(`${path}.lock`, { recursive: true });
  const aMinuteAgo = Date.now() / 1000 - 60;
  utimesSync(`${path}.lock`, aMinuteAgo, aMinuteAgo);
  let waited = false;
  await exclusively(path, async () => undefined, { onWait: () => (waited = true) });
  expect(waited).toBe(false);
  expect(existsSync(`${path}.lock`)).toBe(false);
});

import { readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { inspectLibtorch } from '../src/libtorch/inspectLibtorch.js';
import { LibtorchDefect } from '../src/libtorch/libtorch.js';
import { libraryDefect } from '../src/libtorch/sharedLibrary.js';
import { emptyElf, fakeLibtorch, libraryName, temporaryFolder, write } from './fakeLibtorch.js';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the layouts of a libtorch', () => {
  test('an unpacked archive, by its own folder and by the one around it', async () => {
    fakeLibtorch(join(folder, 'libtorch'), { version: '2.4.1' });
    for (const named of [folder, join(folder, 'libtorch')]) {
      expect(await inspectLibtorch(named, 'PROTOCL_LIBTORCH')).toMatchObject({
        version: '2.4.1',
        root: join(folder, 'libtorch'),
        libraryDirs: [join(folder, 'libtorch/lib')],
        libraries: ['torch', 'torch_cpu', 'c10'],
        cuda: false,
      });
    }
  });

  test("Python's torch folder, with the build's label", async () => {
    const torch = fakeLibtorch(join(folder, 'torch'));
    write(join(torch, 'version.py'), "__version__ = '2.13.0+cpu'\n");
    expect((await inspectLibtorch(torch, 'python')).version).toBe('2.13.0+cpu');
  });

  test('an unpacked Debian package, with the libraries that it needs beside it', async () => {
    fakeLibtorch(folder, { version: '1.13.0', include: 'usr/include', lib: 'usr/lib/x86_64-linux-gnu' });
    write(join(folder, 'usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3'), emptyElf());
    const { includeDirs, libraryDirs } = await inspectLibtorch(folder, 'PROTOCL_LIBTORCH');
    expect(includeDirs[0]).toBe(join(folder, 'usr/include'));
    expect(libraryDirs.slice(0, 2)).toEqual(
      ['usr/lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/openblas-pthread'].map((dir) =>
        join(folder, dir),
      ),
    );
  });

  test('a build with CUDA links its libraries as well', async () => {
    fakeLibtorch(folder);
    for (const name of ['torch_cuda', 'c10_cuda']) write(join(folder, 'lib', libraryName(name)), emptyElf());
    const { cuda, libraries } = await inspectLibtorch(folder, 'python');
    expect(cuda).toBe(true);
    expect(libraries).toEqual(['torch', 'torch_cpu', 'c10', 'torch_cuda', 'c10_cuda']);
  });
});

describe('a libtorch that cannot be used tells why', () => {
  const defectOf = async (): Promise<string> => {
    const error: unknown = await inspectLibtorch(folder, 'PROTOCL_LIBTORCH').catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(LibtorchDefect);
    return (error as LibtorchDefect).message;
  };

  test('no headers', async () => {
    expect(await defectOf()).toContain('has no headers');
  });

  test('no library', async () => {
    fakeLibtorch(folder);
    rmSync(join(folder, 'lib'), { recursive: true });
    expect(await defectOf()).toContain('no library');
  });

  test('a library that was cut short', async () => {
    fakeLibtorch(folder);
    truncateSync(join(folder, 'lib', libraryName('torch_cpu')), 100);
    expect(await defectOf()).toContain(`${libraryName('torch_cpu')} is truncated: 100 of at least 128 bytes`);
  });

  test('one of the other libraries in its folder that was cut short', async () => {
    fakeLibtorch(folder);
    write(join(folder, 'lib/libgomp.so.1'), emptyElf().subarray(0, 64));
    expect(await defectOf()).toContain('libgomp.so.1 is truncated');
  });

  test('a library that is something else', async () => {
    fakeLibtorch(folder);
    write(join(folder, 'lib', libraryName('c10')), 'version https://git-lfs.github.com/spec/v1\n'.repeat(3));
    expect(await defectOf()).toContain('is not a shared library');
  });

  test('a version that is too old', async () => {
    fakeLibtorch(folder, { version: '1.12.1' });
    expect(await defectOf()).toContain('1.12.1, older than 1.13');
  });

  test('headers of one version with libraries of another', async () => {
    fakeLibtorch(folder, { version: '2.4.0' });
    write(join(folder, 'build-version'), '2.5.0+cpu\n');
    expect(await defectOf()).toContain('headers are 2.4.0, its libraries 2.5.0+cpu');
  });
});

describe('libraryDefect', () => {
  test('a real library is whole, and is found out at any length that lacks something', async () => {
    // The running Node is an ELF or a Mach-O file as well.
    expect(await libraryDefect(process.execPath)).toBeUndefined();
    const head = readFileSync(process.execPath).subarray(0, 1 << 20);
    for (const length of [10, 4096, head.length]) {
      const path = write(join(folder, 'cut'), head.subarray(0, length));
      expect(await libraryDefect(path)).toMatch(/truncated|not a shared library/);
    }
  });

  test('a Mach-O file: the end of its segments', async () => {
    const machO = Buffer.alloc(32 + 72);
    machO.writeUInt32BE(0xcffaedfe, 0);
    machO.writeUInt32LE(1, 16);
    machO.writeUInt32LE(72, 20);
    machO.writeUInt32LE(0x19, 32);
    machO.writeUInt32LE(72, 36);
    machO.writeBigUInt64LE(1000n, 32 + 40);
    machO.writeBigUInt64LE(24n, 32 + 48);
    const path = write(join(folder, 'library'), Buffer.concat([machO, Buffer.alloc(1024 - machO.length)]));
    expect(await libraryDefect(path)).toBeUndefined();
    truncateSync(path, 1023);
    expect(await libraryDefect(path)).toContain('truncated: 1023 of at least 1024 bytes');
  });

  test('a file that is not there', async () => {
    expect(await libraryDefect(join(folder, 'nothing'))).toContain('cannot be read (ENOENT)');
  });
});

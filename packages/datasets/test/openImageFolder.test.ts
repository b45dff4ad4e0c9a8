import { execFile } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, test } from '@jest/globals';
import { openImageFolder } from '@protocl/datasets';

import { temporaryFolder } from './temporaryFolder.js';

const folder = temporaryFolder();
const run = promisify(execFile);

const write = async (...names: string[]) => {
  for (const name of names) await folder.write(name);
};

describe('the images of a folder', () => {
  test('belong to the sub-folder that they are in, however deep', async () => {
    await write(
      'dog/b.jpg',
      'dog/a.PNG',
      'cat/deep/er/x.webp',
      'cat/y.jpeg',
      'Zebra/z.avif',
      'dog/notes.txt',
    );
    const found = await openImageFolder(folder.path);
    expect(found.path).toBe(folder.path);
    expect(found.classNames).toEqual(['Zebra', 'cat', 'dog']);
    expect(found.files).toEqual([
      'Zebra/z.avif',
      'cat/deep/er/x.webp',
      'cat/y.jpeg',
      'dog/a.PNG',
      'dog/b.jpg',
    ]);
    expect([...found.labels]).toEqual([0, 1, 1, 2, 2]);
    expect(found.skipped).toEqual([]);
  });

  test('come sorted by code units, whatever the locale and the order of creation', async () => {
    await write('a/10.jpg', 'a/9.jpg', 'a/Ä.jpg', 'a/a.jpg', 'a/B.jpg', 'a-b/1.jpg', 'a/9/1.jpg');
    const { files } = await openImageFolder(folder.path);
    expect(files).toEqual(['a/10.jpg', 'a/9/1.jpg', 'a/9.jpg', 'a/B.jpg', 'a/a.jpg', 'a/Ä.jpg', 'a-b/1.jpg']);
  });

  test('belong to one class however its name is composed, in the same place on every system', async () => {
    const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];
    await write(`${decomposed}/2.jpg`, 'cafz/1.jpg', 'tea/1.jpg');
    const alone = await openImageFolder(folder.path);
    // By code units, e comes before z, and \u00e9 after it.
    expect(alone.classNames).toEqual(['cafz', composed, 'tea']);
    expect([...alone.labels]).toEqual([0, 1, 2]);
    await write(`${composed}/1.jpg`);
    const { files, labels, classNames } = await openImageFolder(folder.path);
    expect(classNames).toEqual(['cafz', composed, 'tea']);
    expect(files).toEqual(['cafz/1.jpg', `${decomposed}/2.jpg`, `${composed}/1.jpg`, 'tea/1.jpg']);
    expect([...labels]).toEqual([0, 1, 1, 2]);
  });

  test('without classes', async () => {
    await write('x.jpg', 'sub/y.gif', 'sub/z.tiff', '.hidden/a.jpg', '.b.jpg');
    const { files, labels, classNames } = await openImageFolder(folder.path, { classes: 'none' });
    expect(files).toEqual(['sub/y.gif', 'sub/z.tiff', 'x.jpg']);
    expect([...labels]).toEqual([-1, -1, -1]);
    expect(classNames).toEqual([]);
  });

  test('outside of the classes are named; an empty class keeps its label', async () => {
    await write('stray.jpg', 'readme.md', 'b/1.jpg', 'a/readme.md');
    const { files, labels, classNames, skipped } = await openImageFolder(folder.path);
    expect(files).toEqual(['b/1.jpg']);
    expect(classNames).toEqual(['a', 'b']);
    expect([...labels]).toEqual([1]);
    expect(skipped).toEqual([
      { path: 'a', reason: 'a class without images' },
      { path: 'stray.jpg', reason: 'outside of the class folders' },
    ]);
  });

  test('may have other extensions', async () => {
    await write('a/1.jpg', 'a/2.jp2', 'a/3.HEIC');
    const { files } = await openImageFolder(folder.path, { extensions: ['jp2', '.heic'] });
    expect(files).toEqual(['a/2.jp2', 'a/3.HEIC']);
  });
});

describe('links', () => {
  test('are followed to files and folders', async () => {
    await write('elsewhere/1.jpg', 'data/a/own.jpg');
    await symlink(join(folder.path, 'elsewhere'), join(folder.path, 'data/a/linked'));
    await symlink(join(folder.path, 'elsewhere'), join(folder.path, 'data/b'));
    await symlink(join(folder.path, 'elsewhere/1.jpg'), join(folder.path, 'data/a/2.jpg'));
    const { files } = await openImageFolder(join(folder.path, 'data'));
    expect(files).toEqual(['a/2.jpg', 'a/linked/1.jpg', 'a/own.jpg', 'b/1.jpg']);
  });

  test('that lead back, or nowhere, end the search there', async () => {
    await write('a/sub/1.jpg');
    await symlink('..', join(folder.path, 'a/sub/up'));
    await symlink(folder.path, join(folder.path, 'a/top'));
    await symlink('self.jpg', join(folder.path, 'a/self.jpg'));
    await symlink('absent.jpg', join(folder.path, 'a/gone.jpg'));
    const { files, skipped } = await openImageFolder(folder.path);
    expect(files).toEqual(['a/sub/1.jpg']);
    expect(skipped).toEqual([
      { path: 'a/gone.jpg', reason: 'a link that leads nowhere (ENOENT)' },
      { path: 'a/self.jpg', reason: 'a link that leads nowhere (ELOOP)' },
      { path: 'a/sub/up', reason: 'a link to a folder that is read already' },
      { path: 'a/top', reason: 'a link to a folder that is read already' },
    ]);
  });

  test('that double at every level do not multiply the search', async () => {
    await write('a/0/1.jpg');
    for (let level = 0; level < 30; level++) {
      const next = join(folder.path, 'a', String(level + 1));
      await mkdir(next);
      for (const name of ['left', 'right']) await symlink(`../${level}`, join(next, name));
    }
    const { files, skipped } = await openImageFolder(folder.path);
    expect(files).toEqual(['a/0/1.jpg']);
    expect(skipped).toHaveLength(60);
  });
});

describe('entries that are no files', () => {
  test.each([['a pipe', (path: string) => run('mkfifo', [path])]])(
    '%s is not opened',
    async (_name, make) => {
      await write('a/1.jpg');
      await make(join(folder.path, 'a/2.jpg'));
      const { files, skipped } = await openImageFolder(folder.path);
      expect(files).toEqual(['a/1.jpg']);
      expect(skipped).toEqual([{ path: 'a/2.jpg', reason: 'not a regular file' }]);
    },
  );

  test('a folder with the name of an image is searched like any other', async () => {
    await write('a/b.jpg/1.jpg');
    expect((await openImageFolder(folder.path)).files).toEqual(['a/b.jpg/1.jpg']);
  });

  test('a name that is no UTF-8 is named as such', async () => {
    await write('a/1.jpg');
    const path = Buffer.concat([
      Buffer.from(join(folder.path, 'a/')),
      Buffer.from([0xff]),
      Buffer.from('.jpg'),
    ]);
    // Some file systems, such as that of macOS, have no such names.
    const exists = await writeFile(path, '').then(
      () => true,
      () => false,
    );
    const { files, skipped } = await openImageFolder(folder.path);
    expect(files).toEqual(['a/1.jpg']);
    expect(skipped).toEqual(exists ? [{ path: 'a/\ufffd.jpg', reason: 'its name is not UTF-8' }] : []);
  });

  test('a folder that may not be read is left out', async () => {
    await write('a/1.jpg', 'a/secret/2.jpg');
    await chmod(join(folder.path, 'a/secret'), 0o000);
    // Root may read everything, so the search runs as another user.
    const script = `
      import { openImageFolder } from '@protocl/datasets';
      const { files, skipped } = await openImageFolder(${JSON.stringify(folder.path)});
      console.log(JSON.stringify({ files, skipped }));
    `;
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chmod(folder.path, 0o755);
    const flags = ['--conditions=@protocl/source', '--import=tsx', '--input-type=module', '--eval', script];
    const { stdout } = await run(process.execPath, flags, {
      cwd: join(import.meta.dirname, '..'),
      ...(isRoot && { uid: 65534, env: { PATH: process.env['PATH'], HOME: folder.path } }),
    });
    await chmod(join(folder.path, 'a/secret'), 0o755);
    expect(JSON.parse(stdout)).toEqual({
      files: ['a/1.jpg'],
      skipped: [{ path: 'a/secret', reason: 'the folder could not be read (EACCES)' }],
    });
  });
});

describe('a folder is refused', () => {
  test('that has no image', async () => {
    await write('a/readme.md');
    await expect(openImageFolder(folder.path)).rejects.toMatchObject({
      code: 'FOLDER_EMPTY',
      given: expect.stringContaining(folder.path) as unknown,
    });
    await expect(openImageFolder(folder.path, { classes: 'none' })).rejects.toMatchObject({
      code: 'FOLDER_EMPTY',
    });
  });

  test('whose images have no class folder, with advice', async () => {
    await write('1.jpg');
    await expect(openImageFolder(folder.path)).rejects.toMatchObject({
      code: 'FOLDER_EMPTY',
      remedy: "For images without classes pass classes: 'none'",
    });
  });

  test('that is not there, or is a file', async () => {
    const path = await folder.write('a.jpg');
    for (const [wrong, reason] of [
      [join(folder.path, 'absent'), 'ENOENT'],
      [path, 'ENOTDIR'],
    ] as const) {
      for (const classes of ['folders', 'none'] as const) {
        await expect(openImageFolder(wrong, { classes })).rejects.toMatchObject({
          code: 'FOLDER_NOT_READABLE',
          given: wrong,
          message: expect.stringContaining(reason) as unknown,
        });
      }
    }
  });

  test.each([{ classes: 'files' as 'none' }, { maxPixels: 0 }, { maxPixels: 1.5 }])(
    'with %j',
    async (options) => {
      await write('a/1.jpg');
      await expect(openImageFolder(folder.path, options)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    },
  );

  test('when the caller stops the search', async () => {
    await write('a/1.jpg');
    const signal = AbortSignal.abort(new Error('stopped by the test'));
    await expect(openImageFolder(folder.path, { signal })).rejects.toThrow('stopped by the test');
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadConfig, presets } from '@protocl/pipeline';

import { readSetFlag } from '../../src/config/setFlag.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('a configuration file', () => {
  const contents: [name: string, content: string][] = [
    ['a.json', '{ "preset": "pcl-demo", "training": { "epochs": 5 } }'],
    ['b.yaml', 'preset: pcl-demo\ntraining:\n  epochs: 5\n'],
    [
      'c.ts',
      'interface Own { epochs: number }\nconst training: Own = { epochs: 2 + 3 };\nexport default { preset: "pcl-demo", training };\n',
    ],
    ['d.mjs', 'export default { preset: "pcl-demo", training: { epochs: 5 } };\n'],
  ];
  test.each(contents)('%s', async (name, content) => {
    const file = await written(name, content);
    const { config, origins } = await loadConfig({ file });
    expect(config).toMatchObject({ training: { epochs: 5 }, encoder: presets['pcl-demo']!.encoder! });
    expect(origins).toMatchObject({ 'training.epochs': file, 'encoder.width': 'preset pcl-demo' });
  });

  test('gives way to flags, and its preset to the one asked for', async () => {
    const file = await written('e.json', '{ "preset": "pcl-cifar10", "training": { "epochs": 50 } }');
    const { config } = await loadConfig({
      preset: 'pcl-demo',
      file,
      flags: [readSetFlag('training.epochs=6')],
    });
    expect(config.name).toBe('pcl-demo');
    expect(config.training.epochs).toBe(6);
  });

  test.each([
    ['none.json', undefined, /no such configuration file/],
    ['f.json', '{ "a": ', /cannot be read/],
    ['g.yaml', 'a: [', /cannot be read/],
    ['h.ts', 'export default 5;', /holds no object/],
    ['i.json', '[1]', /holds no object/],
    ['j.toml', 'a = 1', /unknown extension/],
    ['k.ts', 'throw new Error("on purpose");', /on purpose/],
    ['l.json', '{ "preset": 5 }', /not text/],
  ])('%s is refused', async (name, content, message) => {
    const file = content === undefined ? join(folder, name) : await written(name, content);
    await expect(loadConfig({ file })).rejects.toMatchObject({
      code: 'CONFIG_FILE',
      message: expect.stringMatching(message),
    });
  });
});

test('an unknown preset is refused with the one that was meant', async () => {
  await expect(loadConfig({ preset: 'pcl-demp' })).rejects.toMatchObject({
    code: 'UNKNOWN_NAME',
    remedy: 'Did you mean pcl-demo?',
  });
});

test('neither preset nor file is a usage error', async () => {
  await expect(loadConfig({})).rejects.toMatchObject({ code: 'USAGE' });
});

describe('--set', () => {
  test.each([
    ['a.b=0.5', { a: { b: 0.5 } }],
    ['a=true', { a: true }],
    ['a=[1, 2]', { a: [1, 2] }],
    ['a=text', { a: 'text' }],
    ['a=b=c', { a: 'b=c' }],
    ['a="5"', { a: '5' }],
    ['a=1e-4', { a: 1e-4 }],
  ])('%s', (text, values) => {
    expect(readSetFlag(text).values).toEqual(values);
  });

  test.each(['a', '=1', 'a..b=1', '.a=1', '', 'a=[1'])('%p is refused', (text) => {
    expect(() => readSetFlag(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

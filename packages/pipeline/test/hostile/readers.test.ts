import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { parseRecipe } from '@protocl/augment';
import { decodeSafetensors, describedEncoder, encodeSafetensors } from '@protocl/encoders';
import { loadConfig, presets } from '@protocl/pipeline';
import { EXTRAS_FILE, readRun, renderReport } from '@protocl/report';
import { loadCheckpoint, saveCheckpoint } from '@protocl/trainer';

import { classLabels, featureMatrix } from '../../src/commands/featureValues.js';
import { readTable } from '../../src/commands/imageTable.js';
import { decodeNpy } from '../../src/commands/npy.js';
import { openGrid } from '../../src/compare/openGrid.js';
import { readConfigFile } from '../../src/config/configFile.js';
import { resolveConfig } from '../../src/config/resolveConfig.js';
import { readSetFlag } from '../../src/config/setFlag.js';
import { plainRecipe, readRecordedUse } from '../../src/encoder/preprocessing.js';
import { RunFolder } from '../../src/run/runFolder.js';
import { expectTyped, FEWER } from './expectTyped.js';
import { INPUTS, jsonOf } from './fuzz.js';

jest.setTimeout(INPUTS * 60);

const folder = mkdtempSync(join(tmpdir(), 'protocl-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

function safetensorsOf(header: string, data: Uint8Array): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const tensors = {
  features: { dtype: 'float32' as const, shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  labels: { dtype: 'int32' as const, shape: [2], data: Int32Array.of(0, 1) },
};

test('safetensors', async () => {
  const whole = Buffer.from(encodeSafetensors(tensors, { a: 'b' }));
  const length = Number(whole.readBigUInt64LE(0));
  const header: unknown = JSON.parse(whole.toString('utf8', 8, 8 + length));
  const data = whole.subarray(8 + length);
  const taken = await expectTyped(
    1,
    (fuzz) => {
      const changed =
        fuzz.below(3) === 0 ? fuzz.bytes(whole) : safetensorsOf(jsonOf(fuzz.changed(header)), data);
      const { features, labels } = decodeSafetensors(changed).tensors;
      if (features) featureMatrix(features, 'a');
      if (labels) classLabels(labels, 'a', 2);
    },
    INPUTS,
  );
  expect(taken).toBeGreaterThan(INPUTS / 100);
  expect(taken).toBeLessThan(INPUTS / 2);
  const deep = '['.repeat(2e5) + ']'.repeat(2e5);
  for (const text of [`{"a":${deep}}`, `{"__metadata__":${deep}}`, deep]) {
    expect(() => decodeSafetensors(safetensorsOf(text, data))).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_INVALID' }),
    );
  }
});

test('.npy', async () => {
  const { files } = JSON.parse(
    readFileSync(new URL('../fixtures/npyFiles.json', import.meta.url), 'utf8'),
  ) as { files: { file: string }[] };
  const whole = files.map(({ file }) => Buffer.from(file, 'base64'));
  const taken = await expectTyped(
    2,
    (fuzz) => {
      const bytes = fuzz.pick(whole);
      const isHeader = fuzz.below(2) === 0;
      // Texts of the same length keep the rest of the file in its place.
      const text = bytes.toString('latin1');
      const numbers = text.replace(/\d+/, () => String(fuzz.pick([0, 1, 9, -3, 1e12, 2 ** 53, 1e300])));
      const changed = isHeader
        ? Buffer.from(fuzz.below(2) === 0 ? numbers : fuzz.text(text), 'latin1')
        : fuzz.bytes(bytes);
      const array = decodeNpy(changed, 'a.npy');
      if (fuzz.below(2) === 0) featureMatrix(array, 'a.npy');
      else classLabels(array, 'a.npy', 3);
    },
    INPUTS,
  );
  expect(taken).toBeGreaterThan(INPUTS / 100);
});

test('the table of paths beside features', async () => {
  const path = join(folder, 'a.csv');
  const text = 'path,note\r\n"a, ""b"".png",1\nc\n,\n\u732b.png,"line\nbreak"\n';
  const taken = await expectTyped(11, async (fuzz) => {
    writeFileSync(path, fuzz.below(2) === 0 ? fuzz.text(text) : fuzz.bytes(Buffer.from(text)));
    const table = await readTable(path);
    if (table === undefined || table === 'foreign') return;
    for (const row of table.rows) expect(row).toHaveLength(table.columns.length);
  });
  expect(taken).toBeGreaterThan(FEWER / 100);
});

test('what a file of weights says of its encoder', async () => {
  const preprocessing = { resize: 9, size: 8, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.2] };
  const described = { architecture: 'resnet8', stem: 'small', input: 'rgb', width: '4', head: 'none' };
  const taken = await expectTyped(
    12,
    (fuzz) => {
      const said = jsonOf(fuzz.below(2) === 0 ? fuzz.changed(preprocessing) : preprocessing);
      const metadata = {
        ...described,
        'protocl.preprocessing': fuzz.below(2) === 0 ? fuzz.text(said) : said,
        'protocl.features': 'head',
      };
      const header = { __metadata__: fuzz.below(2) === 0 ? fuzz.changed(metadata) : metadata };
      const found = decodeSafetensors(safetensorsOf(jsonOf(header), new Uint8Array(0))).metadata;
      describedEncoder(found);
      const { preprocessing: read } = readRecordedUse(found, 'a.safetensors');
      if (read) parseRecipe(plainRecipe(read));
    },
    INPUTS,
  );
  expect(taken).toBeGreaterThan(INPUTS / 100);
  expect(taken).toBeLessThan(INPUTS);
});

const config = presets['pcl-demo']! as unknown;

describe('configurations', () => {
  test('of JSON', async () => {
    const path = join(folder, 'a.json');
    const taken = await expectTyped(3, async (fuzz) => {
      const text = jsonOf(fuzz.changed(config));
      writeFileSync(path, fuzz.below(4) === 0 ? fuzz.text(text) : text);
      await loadConfig({ file: path });
    });
    expect(taken).toBeGreaterThan(FEWER / 1000);
    for (const levels of [101, 50_000]) {
      for (const [open, close] of [
        ['[', ']'],
        ['{"a":', '}'],
      ] as const) {
        const inner = open.repeat(levels) + (open === '[' ? '' : '1') + close.repeat(levels);
        writeFileSync(path, `{"name":${inner}}`);
        await expect(readConfigFile(path)).rejects.toMatchObject({ code: 'CONFIG_FILE' });
      }
    }
  });

  test('of YAML', async () => {
    const path = join(folder, 'a.yaml');
    const text =
      'preset: &p pcl-demo\ntraining: &t { epochs: 5 }\ncheckpoints:\n  <<: *t\nseed: 1\nname: "a"\n';
    await expectTyped(4, async (fuzz) => {
      writeFileSync(path, fuzz.text(fuzz.text(text)));
      await loadConfig({ file: path });
    });
    const bomb = [
      'a: &a0 [x, x]',
      ...Array.from({ length: 40 }, (_, i) => `b${i}: &a${i + 1} [*a${i}, *a${i}]`),
    ];
    for (const content of [
      '&a [*a]',
      'name: &a [*a]',
      'training: &a\n  epochs: *a\n',
      bomb.join('\n'),
      `a: ${'['.repeat(5e4)}`,
      '%YAML 1.1\n---\nname: !!set {a}\nseed: !!binary aGk=\n',
    ]) {
      writeFileSync(path, content);
      await expect(loadConfig({ preset: 'pcl-demo', file: path })).rejects.toMatchObject({
        code: expect.stringMatching(/^(CONFIG_FILE|INVALID_CONFIG)$/) as unknown,
      });
    }
  });

  test('of modules', async () => {
    const path = join(folder, 'a.mjs');
    for (const content of [
      '{ name: () => 1 }',
      '{ seed: 10n }',
      '{ name: Symbol("a") }',
      '{ data: new Map([[1, 2]]) }',
      '{ training: [() => 1] }',
    ]) {
      writeFileSync(path, `export default ${content};\n`);
      await expect(loadConfig({ preset: 'pcl-demo', file: path })).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
      });
    }
  });

  test('of grids', async () => {
    const path = join(folder, 'grid.json');
    const grid = {
      name: 'a',
      base: config,
      arms: { one: { seed: 3 }, two: { training: { epochs: 2 } } },
      seeds: [1, 2],
    };
    await expectTyped(5, async (fuzz) => {
      writeFileSync(path, jsonOf(fuzz.changed(grid)));
      const { arms } = await openGrid([path]);
      for (const { layers } of arms) resolveConfig(layers);
    });
  });

  test('of --set', async () => {
    const texts = [
      'method.temperature=0.1',
      'method.granularities=[250, 500]',
      'data={ kind: folder, train: a }',
      'a=&b [*b]',
    ];
    await expectTyped(6, async (fuzz) => {
      const flags = [readSetFlag(fuzz.text(fuzz.pick(texts)))];
      await loadConfig({ preset: 'pcl-demo', flags });
    });
    for (const text of [`${'a.'.repeat(20_000)}b=1`, `a=${'['.repeat(20_000)}`, `a=${'x'.repeat(1e6)}`]) {
      await expect(
        expectOf(() => loadConfig({ preset: 'pcl-demo', flags: [readSetFlag(text)] })),
      ).rejects.toMatchObject({
        code: expect.stringMatching(/^(USAGE|INVALID_CONFIG)$/) as unknown,
      });
    }
  });
});

async function expectOf<T>(call: () => Promise<T>): Promise<T> {
  return call();
}

test('config.json of a run', async () => {
  const { config: resolved, origins } = await loadConfig({ preset: 'pcl-demo' });
  const run = await RunFolder.create({ config: resolved, origins }, join(folder, 'run'));
  const path = join(run.path, 'config.json');
  const taken = await expectTyped(7, async (fuzz) => {
    writeFileSync(path, jsonOf(fuzz.changed({ config: resolved, origins })));
    await run.readConfig();
  });
  expect(taken).toBeGreaterThan(FEWER / 1000);
  for (const content of ['{}', 'null', '[]', '{"config":null}', '']) {
    writeFileSync(path, content);
    await expect(run.readConfig()).rejects.toMatchObject({ code: 'RUN_FOLDER' });
  }
});

test('checkpoints', async () => {
  const path = join(folder, 'epoch-0001.safetensors');
  const { config: resolved } = await loadConfig({ preset: 'pcl-demo' });
  await saveCheckpoint(path, {
    epoch: 1,
    step: 0,
    method: 'pcl',
    optimizer: 'sgd',
    config: resolved as never,
    best: null,
    state: { tensors, values: { 'record/a': 1 } },
  });
  const whole = readFileSync(path);
  const { metadata } = decodeSafetensors(whole);
  const description: unknown = JSON.parse(metadata['checkpoint']!);
  /** With the hash that it should have, so that more than the hash is tried. */
  const signed = (checkpoint: string) => {
    const hash = createHash('sha256').update(checkpoint);
    for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
      hash.update(JSON.stringify([name, dtype, shape])).update(new Uint8Array(data.buffer));
    }
    return encodeSafetensors(tensors, { ...metadata, checkpoint, sha256: hash.digest('hex') });
  };
  const taken = await expectTyped(8, async (fuzz) => {
    writeFileSync(path, fuzz.below(4) === 0 ? fuzz.bytes(whole) : signed(jsonOf(fuzz.changed(description))));
    const { config: stored } = await loadCheckpoint(path);
    resolveConfig([{ origin: path, values: stored as never }]);
  });
  expect(taken).toBeGreaterThan(FEWER / 1000);
  writeFileSync(path, signed(JSON.stringify({ ...(description as object), config: undefined })));
  const { config: none } = await loadCheckpoint(path);
  expect(() => resolveConfig([{ origin: path, values: none as never }])).toThrow(
    /the configuration: missing/,
  );
});

/** A PNG of 1 x 2 pixels. */
const ONE_BY_TWO =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAACCAIAAAAW4yFwAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEElEQVQImWP4z8DA8J+BAQAJ/gH/PZIQsgAAAABJRU5ErkJggg==';

test('the folder of a run that is reported', async () => {
  const { config: resolved, origins } = await loadConfig({ preset: 'pcl-demo' });
  const run = await RunFolder.create({ config: resolved, origins }, join(folder, 'reported'));
  const place = { epoch: 0, step: 1, epochs: 2, stepsPerEpoch: 2 };
  const files = {
    config: { config: resolved, origins },
    summary: {
      status: 'completed',
      knn: { random: 0.1, warmup: null, final: 0.5 },
      purities: [{ k: 5, purity: 0.5 }],
      skipped: { count: 1, images: [{ split: 'train', path: 'a', reason: 'b' }] },
    },
    log: [
      { time: '2025-01-01T00:00:00Z', type: 'run', node: 'v20' },
      { type: 'start', ...place },
      { type: 'step', ...place, loss: 1, figures: { a: 1 }, learningRate: 0.1 },
      { type: 'evaluation', epoch: 1, figures: { knn: 0.5 } },
      { type: 'skipped', split: 'train', path: 'a', reason: 'b' },
      { type: 'error', error: { message: 'a' } },
      { type: 'end', epoch: 1, status: 'completed' },
    ],
    extras: {
      origin: 'a',
      thumbnails: {
        dataUri: `data:image/png;base64,${ONE_BY_TWO}`,
        ...{ width: 1, height: 1, columns: 1, count: 2 },
      },
      embedding: {
        method: 't-SNE',
        x: [0, 1],
        y: [0, 1],
        labels: [0, 1],
        classNames: ['a', 'b'],
        thumbnails: [0, 1],
        prototypes: [{ k: 2, assignments: [0, 1] }],
      },
      montages: [
        { k: 2, cluster: 0, size: 2, nearest: [0], random: [1], topClass: { name: 'a', share: 0.5 } },
      ],
      tree: [{ name: 'a', size: 2, children: [{ name: 'b', size: 1, nearest: [1] }] }],
      retrievals: [
        { query: { thumbnail: 0 }, neighbours: [{ thumbnail: 1, similarity: 0.5, className: 'a' }] },
      ],
      gallery: {
        protocol: 'p',
        classes: [{ className: 'a', truePositives: [0], falsePositives: [{ thumbnail: 1 }] }],
      },
      concentrations: [{ k: 2, values: [0.1, 0.2] }],
      confusion: { protocol: 'p', classNames: ['a'], counts: [[1]] },
      tables: [{ title: 't', protocol: 'p', columns: ['c'], rows: [{ name: 'r', values: [1, null, 'x'] }] }],
    },
  };
  const names = ['config', 'summary', 'log', 'extras'] as const;
  const taken = await expectTyped(9, async (fuzz) => {
    const name = fuzz.pick(names);
    const changed: Record<(typeof names)[number], unknown> = { ...files, [name]: fuzz.changed(files[name]) };
    writeFileSync(join(run.path, 'config.json'), jsonOf(changed.config));
    writeFileSync(join(run.path, 'summary.json'), jsonOf(changed.summary));
    writeFileSync(join(run.path, EXTRAS_FILE), jsonOf(changed.extras));
    const lines: unknown[] = Array.isArray(changed.log) ? changed.log : [changed.log];
    writeFileSync(join(run.path, 'log.jsonl'), lines.map((line) => `${jsonOf(line)}\n`).join(''));
    await renderReport([await readRun(run.path)]);
  });
  expect(taken).toBeGreaterThan(FEWER / 3);
});

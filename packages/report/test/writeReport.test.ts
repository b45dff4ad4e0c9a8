import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { renderReport, spriteSheet, writeReport } from '@protocl/report';
import sharp from 'sharp';

import { embedJson, escapeHtml } from '../src/html/embedJson.js';
import { sampleExtras, sampleRun } from './sampleRuns.js';

/** Drawing two dozen figures takes seconds on a busy machine. */
jest.setTimeout(60_000);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('writeReport', () => {
  test('writes the page, and every figure as SVG and PNG', async () => {
    const { page, figures } = await writeReport(folder, [sampleRun({ extras: await sampleExtras() })]);
    expect(page).toBe(join(folder, 'report.html'));
    const names = (await readdir(join(folder, 'figures'))).sort();
    expect(names).toEqual(figures.map((path) => path.slice(join(folder, 'figures').length + 1)).sort());
    expect(names).toEqual(
      expect.arrayContaining([
        'training-loss.svg',
        'sample-1-embedding.png',
        'sample-1-confusion.svg',
        'sample-1-tree.svg',
      ]),
    );
    const svg = await readFile(join(folder, 'figures/training-loss.svg'), 'utf8');
    expect(svg).toMatch(/^<svg .*<\/svg>$/s);
    const { width, height, format } = await sharp(join(folder, 'figures/training-loss.png')).metadata();
    expect({ width, height, format }).toEqual({ width: 1600, height: 960, format: 'png' });
  });

  test('tells of a page that cannot be written', async () => {
    const blocked = join(folder, 'blocked');
    await mkdir(join(blocked, 'report.html'), { recursive: true });
    await expect(writeReport(blocked, [])).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE' });
  });

  test('takes a run that has just begun, and no run at all', async () => {
    expect(await renderReport([{ name: 'new', log: [] }])).toContain('no step yet');
    expect(await renderReport([])).toContain('<title>no run - protocl</title>');
  });
});

describe('renderReport', () => {
  test('refuses extras that do not fit each other', async () => {
    const extras = await sampleExtras();
    const embedding = extras.embedding!;
    const wrong = [
      { ...extras, embedding: { ...embedding, y: [1] } },
      { ...extras, embedding: { ...embedding, labels: embedding.labels!.map(() => 3) } },
      { ...extras, embedding: { ...embedding, thumbnails: embedding.thumbnails!.map(() => 12) } },
      { ...extras, confusion: { ...extras.confusion!, counts: [] } },
    ];
    for (const each of wrong) {
      await expect(renderReport([sampleRun({ extras: each })])).rejects.toMatchObject({
        code: 'INVALID_SHAPE',
      });
    }
  });

  test('has two scripts and a policy that names no others', async () => {
    const html = await renderReport([sampleRun({ name: '</script><script>alert(1)</script>' })]);
    expect(html.match(/<script>/g)).toHaveLength(2);
    expect(html.match(/'sha256-[\w+/=]{44}'/g)).toHaveLength(2);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain('unsafe-eval');
    expect(html).not.toMatch(/script-src[^;]*unsafe-inline/);
  });
});

test('what is embedded reads back as it was, without the signs of markup', () => {
  const value = { a: '</script><!--&\u2028', 'b<': ['"\\', "'"] };
  expect(JSON.parse(embedJson(value))).toEqual(value);
  expect(embedJson(value)).not.toMatch(/[<\u2028]/);
  expect(escapeHtml('<a href="x">\'&')).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
});

describe('spriteSheet', () => {
  test('has each image where its number says', async () => {
    const images = new Uint8Array(5 * 16 * 16 * 3).map((_, byte) => 50 * Math.floor(byte / 768));
    const { dataUri, ...sheet } = await spriteSheet(images, [5, 16, 16, 3]);
    expect(sheet).toEqual({ width: 16, height: 16, columns: 3, count: 5 });
    const bytes = Buffer.from(dataUri.slice(dataUri.indexOf(',') + 1), 'base64');
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([48, 32]);
    for (let image = 0; image < 5; image++) {
      const [x, y] = [16 * (image % 3) + 8, 16 * Math.floor(image / 3) + 8];
      expect(Math.abs(data[(y * 48 + x) * info.channels]! - 50 * image)).toBeLessThan(4);
    }
  });

  test('makes large images smaller, and refuses other shapes', async () => {
    const { width, height } = await spriteSheet(new Uint8Array(2 * 100 * 200 * 3), [2, 100, 200, 3]);
    expect([width, height]).toEqual([64, 32]);
    await expect(spriteSheet(new Uint8Array(5), [1, 2, 2, 3])).rejects.toMatchObject({
      code: 'INVALID_SHAPE',
    });
    await expect(spriteSheet(new Uint8Array(0), [0, 2, 2, 3])).rejects.toMatchObject({
      code: 'INVALID_SHAPE',
    });
  });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { renderReport, writeReport, type ReportInput } from '@protocl/report';
import sharp from 'sharp';

/** Drawing takes seconds on a busy machine. */
jest.setTimeout(60_000);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-names-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A run whose classes, prototypes, figures and files are all called so. */
function runNamed(name: string): ReportInput {
  const step = { type: 'step', epoch: 0, stepsPerEpoch: 2, figures: Object.fromEntries([[name, 1]]) };
  const classNames = [name, 'other'];
  return {
    name,
    log: [
      { ...step, step: 1 },
      { ...step, step: 2 },
      { type: 'message', text: name },
      { type: 'skipped', split: 'train', path: name, reason: name },
    ],
    extras: {
      embedding: { method: name, x: [0, 1], y: [0, 1], labels: [0, 1], classNames },
      confusion: { protocol: name, classNames, counts: [[1, 0], [0, 1]] }, // prettier-ignore
      tree: [{ name, size: 2, children: [{ name, size: 1 }] }],
      concentrations: [{ k: 2, values: [0.1, 0.2] }],
    },
  };
}

const NAMES = [
  ...Object.getOwnPropertyNames(Object.prototype),
  ...[
    '',
    'a\u0000b\u001b[31m',
    'a\nb',
    'x\ud800',
    '\ufffe',
    '<b>&"\'',
    'café, 日本, 👩‍🔬',
    '{a|b}',
    '\u202eabc',
  ],
];

test.each(NAMES)('a run and its classes may be called %j', async (name) => {
  const { figures, page } = await writeReport(join(folder, String(NAMES.indexOf(name))), [
    runNamed(name),
    runNamed('other'),
  ]);
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(OWN);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(figures.length).toBeGreaterThan(8);
  for (const path of figures) {
    // A document that is not well-formed is refused.
    expect((await sharp(path).metadata()).width).toBeGreaterThan(0);
    if (path.endsWith('.png')) continue;
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines.filter((line) => /[\p{Cc}\ufffe]/u.test(line))).toEqual([]);
  }
  expect((await readFile(page, 'utf8')).length).toBeGreaterThan(1000);
});

const OWN = Object.getOwnPropertyNames(Object.prototype);

test('names that are shown are those that were given', async () => {
  const html = await renderReport([runNamed('café <script>')]);
  expect(html).toContain('café \\u003cscript>');
});

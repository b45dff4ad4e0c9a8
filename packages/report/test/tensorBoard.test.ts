import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeTensorBoard } from '@protocl/report';
import sharp from 'sharp';

import { crc32c } from '../src/tensorboard/crc32c.js';
import { encodeEvent } from '../src/tensorboard/eventMessage.js';
import { tfRecord } from '../src/tensorboard/tfRecord.js';
import { sampleExtras, sampleRun } from './sampleRuns.js';

/** What TensorBoard's own writer makes, by tools/parity/tensorboard_files.py. */
interface Fixture {
  readonly events: {
    readonly wallTime: number;
    readonly step: number;
    readonly tag: string;
    readonly value: number;
  }[];
  /** Of a file with the version and these events, in hex. */
  readonly file: string;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tensorboard-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('crc32c has the check values of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe(0x46dd794e);
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

test('event files are those of TensorBoard’s own writer, byte for byte', async () => {
  const path = new URL('fixtures/tensorboard.json', import.meta.url);
  const { events, file } = JSON.parse(await readFile(path, 'utf8')) as Fixture;
  const ours = [
    encodeEvent({ wallTime: events[0]!.wallTime, fileVersion: 'brain.Event:2' }),
    ...events.map(({ tag, value, ...at }) =>
      encodeEvent({ ...at, summary: { value: [{ tag, simpleValue: value }] } }),
    ),
  ];
  expect(Buffer.concat(ours.map(tfRecord)).toString('hex')).toBe(file);
});

describe('writeTensorBoard', () => {
  test('writes events, and the files of the projector', async () => {
    const extras = await sampleExtras({ points: 10, classNames: ['a\tb', 'c'] });
    const written = await writeTensorBoard(folder, sampleRun({ extras }));
    expect(written.map((path) => basename(path))).toEqual([
      'events.out.tfevents.0.protocl',
      'tensors.tsv',
      'metadata.tsv',
      'sprite.png',
      'projector_config.pbtxt',
    ]);
    const text = (name: string) => readFile(join(folder, name), 'utf8');
    const [first] = (await text('tensors.tsv')).split('\n');
    expect(first).toBe(`${extras.embedding!.x[0]}\t${extras.embedding!.y[0]}`);
    const rows = (await text('metadata.tsv')).trimEnd().split('\n');
    expect(rows).toHaveLength(11);
    expect(rows[0]).toBe('class\tprototype of 4\tprototype of 8');
    // A tab in a name would make a column of it.
    expect(rows.every((row) => row.split('\t').length === 3)).toBe(true);
    const sprite = await sharp(join(folder, 'sprite.png')).metadata();
    expect([sprite.width, sprite.height]).toEqual([4 * 8, 3 * 8]);
  });

  test('has the nearest members of clusters and those at random, each in a picture that says so', async () => {
    const [path] = await writeTensorBoard(folder, sampleRun({ extras: await sampleExtras() }));
    const tags = (await readFile(path!, 'latin1')).match(/clusters\/k = \d, (nearest|random)/g);
    expect(tags).toEqual([4, 8].flatMap((k) => [`clusters/k = ${k}, nearest`, `clusters/k = ${k}, random`]));
  });

  test('refuses extras that do not fit each other, and pictures that are none', async () => {
    const extras = await sampleExtras();
    const thumbnails = extras.thumbnails!;
    const uri = (type: string, content: Buffer) => `data:image/${type};base64,${content.toString('base64')}`;
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="32" height="24"/>');
    const small = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const pictures = [
      ...['', 'data:,', 'https://example.org/a.png', uri('svg+xml', svg), uri('jpeg', svg)],
      // Of another size than the tiles, and one that is cut off.
      ...[uri('png', small), uri('png', small.subarray(0, 40))],
    ];
    for (const dataUri of pictures) {
      const run = sampleRun({ extras: { ...extras, thumbnails: { ...thumbnails, dataUri } } });
      await expect(writeTensorBoard(folder, run)).rejects.toMatchObject({ code: 'INVALID_PICTURE' });
    }
    for (const change of [
      { thumbnails: { ...thumbnails, columns: 0 } },
      { thumbnails: { ...thumbnails, width: 1e9 + 0.5 } },
      { montages: [{ ...extras.montages![0]!, random: [12] }] },
      { tree: [{ name: 'a', size: 1, children: [{ name: 'b', size: 1, nearest: [-1] }] }] },
    ]) {
      const run = sampleRun({ extras: { ...extras, ...change } });
      await expect(writeTensorBoard(folder, run)).rejects.toMatchObject({ code: 'INVALID_SHAPE' });
    }
  });

  test('refuses features that are not those of the points', async () => {
    const features = { values: new Float32Array(6), shape: [3, 2] as const };
    const run = sampleRun({ extras: await sampleExtras() });
    await expect(writeTensorBoard(folder, run, { features })).rejects.toMatchObject({
      code: 'INVALID_SHAPE',
    });
  });
});

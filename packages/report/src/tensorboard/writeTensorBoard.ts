import { join, resolve } from 'node:path';

import { requireKnownOptions, writeStreamAtomic } from '@protocl/core';

import type { ClusterMontage, JsonObject, ReportInput, SpriteSheet } from '../reportInput.js';
import { requireConsistent } from '../requireConsistent.js';
import { loggedNumbers } from '../series/runSeries.js';
import { decodeSheet } from '../sprites/sheetPicture.js';
import { encodeEvent, type SummaryValue, type TensorBoardEvent } from './eventMessage.js';
import { writeProjector, type ProjectedFeatures } from './projector.js';
import { tfRecord } from './tfRecord.js';
import { arrangeTiles, encodePng } from './tiles.js';

/** Always the same, so that a later one takes its place rather than standing beside it. */
const EVENTS = 'events.out.tfevents.0.protocl';

export interface TensorBoardOptions {
  /** What the projector projects, in the order of the embedding's points; the points themselves by default. */
  readonly features?: ProjectedFeatures;
}

/**
 * Writes a run for TensorBoard: every logged number as a scalar over the steps, cluster montages as images,
 * and the embedding for its projector.
 *
 * @param folder to be named as `--logdir`, or a folder within it for each of several runs
 * @returns the paths that were written
 * @throws {ProtoclError} `INVALID_SHAPE` if there are not as many features as points, or arrays of the
 *   run's extras do not fit each other; `INVALID_PICTURE`; `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function writeTensorBoard(
  folder: string,
  run: ReportInput,
  options: TensorBoardOptions = {},
): Promise<string[]> {
  requireKnownOptions('writeTensorBoard', options, { features: true });
  const { features } = options;
  requireConsistent(run);
  const { embedding, thumbnails } = run.extras ?? {};
  const events = await eventsOf(run);
  const { path } = await writeStreamAtomic(
    join(resolve(folder), EVENTS),
    events.map((event) => tfRecord(encodeEvent(event))),
  );
  const projector = embedding ? await writeProjector(folder, embedding, thumbnails, features) : [];
  return [path, ...projector];
}

async function eventsOf({ log, extras }: ReportInput): Promise<TensorBoardEvent[]> {
  const events: TensorBoardEvent[] = [];
  let last = { wallTime: 0, step: 0 };
  for (const { entry, group, step, numbers } of loggedNumbers(log)) {
    last = { wallTime: secondsOf(entry) ?? last.wallTime, step };
    const value = numbers.map(([name, number]): SummaryValue => ({
      tag: `${group}/${name}`,
      simpleValue: number,
    }));
    events.push({ ...last, summary: { value } });
  }
  const images = extras?.thumbnails ? await montageImages(extras.thumbnails, extras.montages ?? []) : [];
  if (images.length > 0) events.push({ ...last, summary: { value: images } });
  // The first entry of a file tells what it is.
  return [{ wallTime: events[0]?.wallTime ?? 0, fileVersion: 'brain.Event:2' }, ...events];
}

/** Two pictures for each granularity, of the nearest members and of those at random, a cluster a row. */
async function montageImages(
  sheet: SpriteSheet,
  montages: readonly ClusterMontage[],
): Promise<SummaryValue[]> {
  if (montages.length === 0) return [];
  const picture = await decodeSheet(sheet);
  const values: SummaryValue[] = [];
  for (const granularity of new Set(montages.map(({ k }) => k))) {
    for (const which of ['nearest', 'random'] as const) {
      const rows = montages.filter(({ k }) => k === granularity).map((montage) => montage[which]);
      const columns = rows.reduce((most, { length }) => Math.max(most, length), 0);
      if (columns === 0) continue;
      const montage = arrangeTiles(sheet, picture, rows, columns);
      const { width, height } = montage;
      const image = { width, height, colorspace: 3, encodedImageString: await encodePng(montage) } as const;
      values.push({ tag: `clusters/k = ${granularity}, ${which}`, image });
    }
  }
  return values;
}

function secondsOf({ time }: JsonObject): number | undefined {
  const milliseconds = typeof time === 'string' ? Date.parse(time) : NaN;
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

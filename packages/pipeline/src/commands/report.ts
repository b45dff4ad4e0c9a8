import { join, resolve } from 'node:path';

import { requireKnownOptions, serializeError, writeFileAtomic, type OptionNames } from '@protocl/core';
import {
  EXTRAS_FILE,
  readRun,
  writeReport,
  writeTensorBoard,
  type ReportInput,
  type ReportPageOptions,
} from '@protocl/report';

import { pipelineError } from '../errors.js';
import { runExtras, type RunExtras, type RunExtrasOptions } from '../report/runExtras.js';
import { OPEN_CHECKPOINT_OPTIONS } from '../run/openCheckpoint.js';
import { RunFolder } from '../run/runFolder.js';

export interface ReportOptions extends RunExtrasOptions, ReportPageOptions {
  /** Where to write; the folder of the first run by default. */
  readonly out?: string;
  /** Whether to look at the encoders of runs that have a checkpoint; true by default. */
  readonly encoder?: boolean;
  /** Whether to write event files for TensorBoard, in `tensorboard/RUN`. */
  readonly tensorBoard?: boolean;
  /** Changes how a run is shown, such as its name; `run` is its number in the list. */
  readonly present?: (input: ReportInput, run: number) => ReportInput;
}

const OPTIONS: OptionNames<ReportOptions> = {
  ...OPEN_CHECKPOINT_OPTIONS,
  points: true,
  images: true,
  signal: true,
  out: true,
  encoder: true,
  tensorBoard: true,
  present: true,
  overview: true,
};

/** What {@link report} wrote; absolute paths. */
export interface ReportFiles {
  readonly page: string;
  readonly figures: readonly string[];
  /** To be named as `--logdir`; undefined where it was not asked for. */
  readonly tensorBoard?: string;
}

/**
 * Writes the report of some runs side by side: one HTML page, its figures as files, and event files for
 * TensorBoard where they are asked for. What is computed from an encoder is kept in its run's folder.
 *
 * The engine of the last run that was looked at is left running; no tensor is kept.
 *
 * @param runs their folders
 * @throws {ProtoclError} `UNKNOWN_OPTION`; `USAGE` without a run; `RUN_FOLDER`; `DISK_FULL`, `FILE_NOT_WRITABLE`; the
 *   signal's reason. An encoder that cannot be looked at is told and left out.
 */
export async function report(runs: readonly string[], options: ReportOptions = {}): Promise<ReportFiles> {
  requireKnownOptions('report', options, OPTIONS);
  const { out, encoder = true, tensorBoard = false, present = asItIs, overview, ...looking } = options;
  const [first] = runs;
  if (first === undefined) {
    throw pipelineError('USAGE', {
      message: 'there is no run to report on',
      expected: 'the folder of at least one run',
    });
  }
  const folder = resolve(out ?? first);
  const inputs: { readonly input: ReportInput; readonly looked: RunExtras | undefined }[] = [];
  for (const [index, run] of runs.entries()) {
    const opened = await RunFolder.open(run);
    const looked =
      encoder && (await opened.hasCheckpoint()) ? await tryLooking(opened.path, looking) : undefined;
    if (looked) await writeFileAtomic(join(opened.path, EXTRAS_FILE), `${JSON.stringify(looked.extras)}\n`);
    inputs.push({ input: present(await readRun(opened.path), index), looked });
  }
  const written = await writeReport(
    folder,
    inputs.map(({ input }) => input),
    { ...(overview && { overview }) },
  );
  if (!tensorBoard) return written;
  const logs = join(folder, 'tensorboard');
  for (const { input, looked } of inputs) {
    await writeTensorBoard(join(logs, input.name), input, { ...(looked && { features: looked.features }) });
  }
  return { ...written, tensorBoard: logs };
}

function asItIs(input: ReportInput): ReportInput {
  return input;
}

/** A report without what an encoder shows is better than none. */
async function tryLooking(path: string, options: RunExtrasOptions): Promise<RunExtras | undefined> {
  try {
    return await runExtras(path, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    options.log?.(`the encoder of ${path} cannot be looked at: ${serializeError(error).message}`);
    return undefined;
  }
}

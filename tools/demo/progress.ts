import { SingleBar } from 'cli-progress';

/** How far the training is. */
export interface TrainingStatus {
  /** Of training so far. */
  readonly seconds: number;
  /** Passes over the training images so far. */
  readonly epochs: number;
  readonly imagesPerSecond: number;
  /** Mean of the last batches. */
  readonly loss: number;
  /** Of a sample of the test images, 0 .. 1; missing until it was first measured. */
  readonly accuracy?: number;
}

/** Shows a training's progress. */
export interface Progress {
  update(status: TrainingStatus): void;
  /** Leaves the terminal as it was. */
  stop(): void;
}

/** What of a stream decides how progress is shown. */
export type Output = NodeJS.WriteStream | (NodeJS.WritableStream & { isTTY?: false });

const SECONDS_BETWEEN_LINES = 5;

/** A live bar on a terminal, and otherwise a line now and then. */
export function createProgress(totalSeconds: number, output: Output = process.stdout): Progress {
  return output.isTTY ? liveBar(totalSeconds, output) : plainLines(totalSeconds, output);
}

function liveBar(totalSeconds: number, stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({
    format: '{bar} {seconds} | {figures}',
    barsize: 16,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    stream,
    hideCursor: true,
    // The demo ends in good order by itself.
    gracefulExit: false,
  });
  let started = false;
  return {
    update(status) {
      const value = Math.min(status.seconds, totalSeconds);
      const payload = { seconds: secondsOf(status, totalSeconds), figures: figuresOf(status) };
      if (started) bar.update(value, payload);
      else bar.start(totalSeconds, value, payload);
      started = true;
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

function plainLines(totalSeconds: number, output: NodeJS.WritableStream): Progress {
  let next = 0;
  return {
    update(status) {
      if (status.seconds < next) return;
      next = status.seconds + SECONDS_BETWEEN_LINES;
      output.write(`${secondsOf(status, totalSeconds)} | ${figuresOf(status)}\n`);
    },
    stop() {
      // Every line stands by itself.
    },
  };
}

function secondsOf({ seconds }: TrainingStatus, totalSeconds: number): string {
  return `${seconds.toFixed(0)}/${totalSeconds} s`;
}

function figuresOf({ epochs, imagesPerSecond, loss, accuracy }: TrainingStatus): string {
  const figures = [
    `epoch ${epochs.toFixed(2)}`,
    `${imagesPerSecond.toFixed(0)} images/s`,
    `loss ${loss.toFixed(3)}`,
  ];
  if (accuracy !== undefined) figures.push(`test ~${percent(accuracy)}`);
  return figures.join(' | ');
}

/** A share as a percentage, as people read it. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

import type { StepEvent, TrainingEvent } from '@protocl/trainer';
import { SingleBar } from 'cli-progress';

import { describeEvent, figuresInWords } from './describeEvent.js';
import { duration } from './duration.js';

/** What of a stream decides how progress is shown. */
export type Output = NodeJS.WriteStream | (NodeJS.WritableStream & { isTTY?: false });

/** Shows how far a run is. */
export interface Progress {
  show(event: TrainingEvent): void;
  /** A line of its own. */
  print(line: string): void;
  /** Leaves the terminal as it was. */
  stop(): void;
}

const SECONDS_BETWEEN_LINES = 5;

export interface ProgressOptions {
  readonly output: Output;
  /** The time in milliseconds; that of the process by default. */
  readonly now?: () => number;
}

/** A live bar with lines above it on a terminal; otherwise lines alone, those of steps now and then. */
export function createProgress({ output, now = () => performance.now() }: ProgressOptions): Progress {
  const pace = new Pace(now);
  const display = createDisplay({ output, now });
  return {
    show(event) {
      pace.see(event);
      if (event.type === 'step') {
        display.update(pace.done, pace.total, pace.describe(event));
        return;
      }
      const line = describeEvent(event);
      if (line !== undefined) display.print(line);
    },
    print: (line) => display.print(line),
    stop: () => display.stop(),
  };
}

/** Shows how far any work is, whatever it counts. */
export interface Display {
  /** @param text stands beside the bar, or alone where there is no terminal */
  update(done: number, total: number, text: string): void;
  /** A line of its own. */
  print(line: string): void;
  /** Leaves the terminal as it was. */
  stop(): void;
}

/** A live bar on a terminal; otherwise lines alone, now and then. */
export function createDisplay({ output, now = () => performance.now() }: ProgressOptions): Display {
  return output.isTTY ? liveBar(output) : plainLines(output, now);
}

function liveBar(stream: NodeJS.WriteStream): Display {
  const bar = new SingleBar({
    format: '{bar} {text}',
    barsize: 12,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    stream,
    hideCursor: true,
    // The run ends in good order by itself.
    gracefulExit: false,
  });
  let last: { done: number; total: number; text: string } | undefined;
  return {
    update(done, total, text) {
      if (last) bar.update(done, { text });
      else bar.start(total, done, { text });
      last = { done, total, text };
    },
    print(line) {
      // Over the bar, which then goes on a line further down.
      if (!last) stream.write(`${line}\n`);
      else {
        stream.write(`\r\u001b[K${line}\n`);
        bar.update(last.done, { text: last.text });
      }
    },
    stop() {
      if (last) bar.stop();
      last = undefined;
    },
  };
}

function plainLines(output: NodeJS.WritableStream, now: () => number): Display {
  let next = -Infinity;
  return {
    update(_done, _total, text) {
      if (now() < next) return;
      next = now() + 1000 * SECONDS_BETWEEN_LINES;
      output.write(`${text}\n`);
    },
    print(line) {
      output.write(`${line}\n`);
    },
    stop() {
      // Every line stands by itself.
    },
  };
}

/** Follows a run to tell how long the rest of it takes. */
class Pace {
  readonly #now: () => number;
  #since = 0;
  #firstStep = 0;
  #epochs = 0;
  done = 0;
  total = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  see(event: TrainingEvent): void {
    if (event.type === 'start') {
      this.#epochs = event.epochs;
      this.#since = this.#now();
      this.#firstStep = event.epoch * event.stepsPerEpoch + event.step;
      this.done = this.#firstStep;
      this.total = event.epochs * event.stepsPerEpoch;
    } else if (event.type === 'step') {
      this.done = event.epoch * event.stepsPerEpoch + event.step;
    }
  }

  describe(event: StepEvent): string {
    const { epoch, step, stepsPerEpoch, loss, figures, learningRate, imagesPerSecond } = event;
    const steps = this.done - this.#firstStep;
    const remaining =
      steps === 0 ? undefined : ((this.#now() - this.#since) / steps) * (this.total - this.done);
    const parts = [
      `epoch ${Math.min(epoch + 1, this.#epochs)}/${this.#epochs}`,
      `step ${step}/${stepsPerEpoch}`,
      `${imagesPerSecond.toFixed(0)} images/s`,
      `loss ${loss.toFixed(3)}${Object.keys(figures).length === 0 ? '' : ` (${figuresInWords(figures)})`}`,
      `lr ${Number(learningRate.toPrecision(3))}`,
    ];
    if (remaining !== undefined) parts.push(`${duration(remaining / 1000)} left`);
    return parts.join(' | ');
  }
}

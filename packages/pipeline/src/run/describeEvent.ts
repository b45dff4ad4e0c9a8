import type { TrainingEvent } from '@protocl/trainer';

import { duration } from './duration.js';

/** An event as a line for people; undefined for those that only the log needs. */
export function describeEvent(event: TrainingEvent): string | undefined {
  switch (event.type) {
    case 'start':
      return event.resumedFrom === undefined
        ? undefined
        : `goes on from epoch ${event.epoch}, step ${event.step} (${event.resumedFrom})`;
    case 'expectation':
      return `E-step of epoch ${event.epoch + 1}: ${figuresInWords(event.figures)} (${duration(event.seconds)})`;
    case 'evaluation':
      return `${event.epoch === 0 ? 'random encoder' : `after epoch ${event.epoch}`}: ${figuresInWords(event.figures)} (${duration(event.seconds)})`;
    case 'epoch':
      return `epoch ${event.epoch} done: mean loss ${event.loss.toFixed(3)} (${duration(event.seconds)})`;
    case 'warning':
      return `warning: ${event.message}`;
    case 'checkpointRejected':
      return `a checkpoint cannot be used and an older one is tried: ${event.error.message}`;
    case 'step':
    case 'checkpoint':
    case 'end':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** Figures by name, with so many digits as one wants to read. */
export function figuresInWords(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number.isInteger(value) ? value : Number(value.toPrecision(4))}`)
    .join(', ');
}

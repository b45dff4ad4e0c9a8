import type { Position } from '../method.js';

/** Which checkpoints stay. */
export interface Retention {
  readonly keepLast: number;
  readonly keepEveryEpochs?: number | undefined;
}

const NAME = /^epoch-(\d{4,})(?:-step-(\d{6,}))?\.safetensors$/;

/** The name of the checkpoint of a position: `epoch-0003.safetensors` after three whole epochs. */
export function checkpointName({ epoch, step }: Position): string {
  const within = step === 0 ? '' : `-step-${String(step).padStart(6, '0')}`;
  return `epoch-${String(epoch).padStart(4, '0')}${within}.safetensors`;
}

/** The position that a file name tells; nothing for other files. */
function positionOf(name: string): Position | undefined {
  const match = NAME.exec(name);
  return match ? { epoch: Number(match[1]), step: Number(match[2] ?? 0) } : undefined;
}

/** The checkpoints among some file names, the furthest first. */
export function furthestFirst(names: readonly string[]): string[] {
  const known = names.flatMap((name) => {
    const position = positionOf(name);
    return position ? [{ name, ...position }] : [];
  });
  return known.sort((a, b) => b.epoch - a.epoch || b.step - a.step).map(({ name }) => name);
}

/**
 * The checkpoints to remove once one has been written: all but the last ones up to that, every n-th
 * epoch's and the best. What lies beyond the written one was left by a run that got further, and stays
 * until this one overtakes it.
 */
export function namesToRemove(
  names: readonly string[],
  written: string,
  best: string | undefined,
  { keepLast, keepEveryEpochs }: Retention,
): string[] {
  const ordered = furthestFirst(names);
  const upToWritten = ordered.slice(ordered.indexOf(written));
  return upToWritten.slice(keepLast).filter((name) => {
    const { epoch, step } = positionOf(name)!;
    const isRegular = keepEveryEpochs !== undefined && step === 0 && epoch % keepEveryEpochs === 0;
    return name !== best && !isRegular;
  });
}

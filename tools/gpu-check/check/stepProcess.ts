// Runs one step: what it takes of the device, and how it ends, is its own affair.
import { serializeError, type SerializedError } from '@protocl/core';

import { findPeer, type Peer } from '../../bench/peer.js';
import type { Figure } from './record.js';
import { steps } from './steps.js';

/** What the process is told on its command line, as JSON. */
export interface StepSettings {
  readonly step: string;
  readonly home: string;
  readonly device: string;
  readonly results: string;
  readonly tiny: boolean;
  readonly deadline: number;
}

/** What it tells the check. */
export type StepMessage =
  | { readonly type: 'figure'; readonly figure: Figure }
  | { readonly type: 'log'; readonly line: string }
  /** `failure`: the whole message; `unfinished`: what there was no time for. */
  | { readonly type: 'ended'; readonly failure?: string; readonly unfinished?: string };

function send(message: StepMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}

/** An error's whole message: its chain of causes, and the stack where it is a defect. */
function wholeMessage(error: unknown): string {
  const lines: string[] = [];
  for (let cause: SerializedError | undefined = serializeError(error); cause; cause = cause.cause) {
    lines.push(`${cause.code ?? cause.name}: ${cause.message}`);
  }
  if (error instanceof Error && !('code' in error) && error.stack !== undefined) lines.push(error.stack);
  return lines.join('\ncaused by ');
}

const settings = JSON.parse(process.argv[2]!) as StepSettings;
const step = steps.find(({ name }) => name === settings.step)!;
const log = (line: string): void => {
  void send({ type: 'log', line });
};
let peer: Promise<Peer | null> | undefined;
try {
  const unfinished = await step.run({
    ...settings,
    log,
    tell: (figure) => void send({ type: 'figure', figure }),
    peer: () => (peer ??= findPeer({ device: settings.device, report: log })),
  });
  await send({ type: 'ended', ...(unfinished !== undefined && { unfinished }) });
} catch (error) {
  await send({ type: 'ended', failure: wholeMessage(error) });
}
// A backend may keep threads that would hold the process up.
process.exit(0);

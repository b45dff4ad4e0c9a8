import { parseArgs } from 'node:util';

import { BACKEND_NAMES, type BackendName } from '@protocl/backend';
import { ProtoclError } from '@protocl/core';

/** What the command line says. */
export interface DemoOptions {
  /** How long to train, without loading and testing. */
  readonly seconds: number;
  readonly backend: BackendName | 'auto';
  readonly seed: number;
  readonly batchSize: number;
}

const BACKENDS = ['auto', ...BACKEND_NAMES] as const;
const LONGEST_SECONDS = 24 * 60 * 60;
const LARGEST_BATCH = 4096;

/** How the command is used. */
export const usage = `npm run demo -- [options]

Trains a small ResNet on CIFAR-10 with labels and tells how well it recognises the test images.

  --seconds N       how long to train (default 60)
  --backend NAME    ${BACKENDS.join(', ')} (default auto)
  --seed N          seed of the weights, the order and the augmentation (default 1)
  --batch-size N    images of a training step (default 128)
  --help            this text`;

/**
 * Reads the command line.
 *
 * @returns the options, or `help` where that is asked for
 * @throws {ProtoclError} `INVALID_OPTION` for an unknown option or a value that cannot be
 */
export function parseOptions(args: readonly string[]): DemoOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    seconds: numberIn('--seconds', values.seconds, { lowest: 1, highest: LONGEST_SECONDS }),
    backend: backendName(values.backend),
    seed: numberIn('--seed', values.seed, { lowest: 0, highest: Number.MAX_SAFE_INTEGER, whole: true }),
    batchSize: numberIn('--batch-size', values['batch-size'], {
      lowest: 2,
      highest: LARGEST_BATCH,
      whole: true,
    }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '60' },
        backend: { type: 'string', default: 'auto' },
        seed: { type: 'string', default: '1' },
        'batch-size': { type: 'string', default: '128' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (cause) {
    throw new ProtoclError('INVALID_OPTION', {
      message: cause instanceof Error ? cause.message : String(cause),
      remedy: 'See --help for the options',
      cause,
    });
  }
}

function numberIn(
  option: string,
  text: string,
  { lowest, highest, whole = false }: { lowest: number; highest: number; whole?: boolean },
): number {
  const value = Number(text);
  const isNumber = text.trim() !== '' && (whole ? Number.isInteger(value) : Number.isFinite(value));
  if (isNumber && value >= lowest && value <= highest) return value;
  throw new ProtoclError('INVALID_OPTION', {
    message: `${option} has a value that cannot be used`,
    given: text,
    expected: `a ${whole ? 'whole ' : ''}number from ${lowest} to ${highest}`,
  });
}

function backendName(text: string): BackendName | 'auto' {
  const name = BACKENDS.find((known) => known === text);
  if (name !== undefined) return name;
  throw new ProtoclError('INVALID_OPTION', {
    message: '--backend names no backend',
    given: text,
    expected: BACKENDS.join(', '),
  });
}

import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import type { EncoderOptions, HeadOptions, ResolvedEncoderOptions } from './encoder.js';
import { encoderError } from './errors.js';
import { ARCHITECTURES, INPUTS, STEMS } from './resnet/architectures.js';

const HEADS = ['linear', 'mlp', 'none'] as const;
const DEFAULT_DIMENSION = 128;

const OPTIONS: OptionNames<EncoderOptions> = {
  architecture: true,
  stem: true,
  input: true,
  width: true,
  head: true,
  seed: true,
};

/**
 * Checks the options and fills in what was left out.
 *
 * @throws EncoderError `INVALID_OPTION`; ProtoclError `UNKNOWN_OPTION`
 */
export function resolveOptions(options: EncoderOptions): ResolvedEncoderOptions {
  requireKnownOptions('createEncoder', options, OPTIONS);
  const { architecture, stem = 'small', width = 64, head = { kind: 'linear' }, seed } = options;
  const { input = 'rgb' } = options;
  requireOneOf('architecture', architecture, ARCHITECTURES);
  requireOneOf('stem', stem, STEMS);
  requireOneOf('input', input, INPUTS);
  requireInteger('width', width, 1);
  requireInteger('seed', seed, 0);
  return { architecture, stem, input, width, head: resolveHead(head), seed };
}

function resolveHead(head: HeadOptions): Required<HeadOptions> {
  requireOneOf('head.kind', head.kind, HEADS);
  if (head.kind === 'none') {
    requireKnownOptions('createEncoder.head of kind none', head, { kind: true });
    return { kind: 'none' };
  }
  requireKnownOptions('createEncoder.head', head, { kind: true, dimension: true });
  const { kind, dimension = DEFAULT_DIMENSION } = head;
  requireInteger('head.dimension', dimension, 1);
  return { kind, dimension };
}

function requireOneOf(name: string, given: string, known: readonly string[]): void {
  if (known.includes(given)) return;
  throw encoderError('INVALID_OPTION', {
    message: `${name} has a value that is not known`,
    given,
    expected: known.join(', '),
    remedy: `Choose one of these as ${name}`,
  });
}

function requireInteger(name: string, given: number, least: number): void {
  if (Number.isSafeInteger(given) && given >= least) return;
  throw encoderError('INVALID_OPTION', {
    message: `${name} has a value that cannot be used`,
    given,
    expected: `an integer from ${least}`,
    remedy: `Pass such a number as ${name}`,
  });
}

import { z } from 'zod';

import { unknownKind, withoutKind } from '../parseOptions.js';
import { adamW, adamWSchema } from './adamW.js';
import { lars, larsSchema } from './lars.js';
import type { OptimizerFactory } from './optimizer.js';
import { sgd, sgdSchema } from './sgd.js';

/** The optimizers as data, told apart by `kind`. */
export const optimizerSchema = z.discriminatedUnion('kind', [sgdSchema, larsSchema, adamWSchema]);

export type OptimizerOptions = z.input<typeof optimizerSchema>;

/** The optimizer that a configuration describes. */
export function optimizerOf(options: OptimizerOptions): OptimizerFactory {
  switch (options.kind) {
    case 'sgd':
      return sgd(withoutKind(options));
    case 'lars':
      return lars(withoutKind(options));
    case 'adamW':
      return adamW(withoutKind(options));
    default:
      throw unknownKind('optimizerOf', options, ['sgd', 'lars', 'adamW']);
  }
}

import type { Encoder } from '@protocl/encoders';
import {
  contrastProblems,
  createDeepCluster,
  createMoco,
  createPcl,
  createSimclr,
  deepClusterProblems,
  pclProblems,
  type Method,
  type OptionProblem,
  type SourceSize,
} from '@protocl/trainer';

import type { Config } from './schema.js';

type MethodConfig = Pick<Config, 'method' | 'seed'>;

/** What a method is made for. */
export interface MethodParts {
  /** The encoder that it trains; stays the caller's to dispose. */
  readonly encoder: Encoder;
  /** The numbers of the source that it is trained on. */
  readonly source: SourceSize;
}

/**
 * The method that a configuration names.
 *
 * @throws {ProtoclError} `INVALID_OPTION` for options that cannot work with the source
 */
export function methodOf({ method, seed }: MethodConfig, parts: MethodParts): Method {
  switch (method.kind) {
    case 'pcl':
      return createPcl({ ...parts, seed, ...optionsOf(method) });
    case 'moco':
      return createMoco({ ...parts, seed, ...optionsOf(method) });
    case 'simclr':
      return createSimclr({ encoder: parts.encoder, ...optionsOf(method) });
    case 'deepcluster':
      return createDeepCluster({ ...parts, seed, ...optionsOf(method) });
    default:
      return method satisfies never;
  }
}

/** What of a method's options is impossible with so many images in such batches. */
export function problemsOfMethod({ method, seed }: MethodConfig, source: SourceSize): OptionProblem[] {
  switch (method.kind) {
    case 'pcl':
      return pclProblems({ seed, ...optionsOf(method) }, source);
    case 'moco':
      return contrastProblems(method, source);
    case 'simclr':
      return [];
    case 'deepcluster':
      return deepClusterProblems({ seed, ...optionsOf(method) }, source);
    default:
      return method satisfies never;
  }
}

function optionsOf<Options extends { readonly kind: string }>(method: Options): Omit<Options, 'kind'> {
  const { kind, ...options } = method;
  kind satisfies string;
  return options;
}

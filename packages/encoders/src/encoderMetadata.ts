import type { HeadOptions, ResolvedEncoderOptions } from './encoder.js';
import { resolveOptions } from './resolveOptions.js';
import type { Architecture, EncoderInput, Stem } from './resnet/architectures.js';

/** What a file of weights says of its encoder: every option but the seed of weights that it replaces. */
export type DescribedEncoder = Omit<ResolvedEncoderOptions, 'seed'>;

/** An encoder's options as metadata of its file, which holds strings alone. */
export function encoderMetadata(options: DescribedEncoder): Record<string, string> {
  const { architecture, stem, input, width, head } = options;
  return {
    // By this other tools know that the layouts are PyTorch's.
    format: 'pt',
    architecture,
    stem,
    input,
    width: String(width),
    head: head.kind,
    ...(head.kind !== 'none' && { dimension: String(head.dimension) }),
  };
}

/**
 * Which encoder the weights of a file are of, as `saveEncoder` has written it in the metadata.
 *
 * @param metadata of the file, such as `decodeSafetensors` returns
 * @returns what `createEncoder` takes, but for the seed; undefined for files of other programs, which do not say it
 * @throws EncoderError `INVALID_OPTION` if it is an encoder that this version does not know
 */
export function describedEncoder(metadata: Readonly<Record<string, string>>): DescribedEncoder | undefined {
  const { head: kind, dimension } = metadata;
  const names = ['architecture', 'stem', 'input', 'width', 'head'];
  if (names.some((name) => metadata[name] === undefined)) return undefined;
  // Whether they are the names that they are taken for is checked next.
  const resolved = resolveOptions({
    architecture: metadata['architecture'] as Architecture,
    stem: metadata['stem'] as Stem,
    input: metadata['input'] as EncoderInput,
    width: Number(metadata['width']),
    head: { kind, ...(kind !== 'none' && { dimension: Number(dimension) }) } as HeadOptions,
    seed: 0,
  });
  const { architecture, stem, input, width, head } = resolved;
  return { architecture, stem, input, width, head };
}

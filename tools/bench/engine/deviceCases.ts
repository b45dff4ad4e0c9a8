import type { Case, PeerVariant, Unit } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';
import { deviceNetworks, networkName, networkTask, optimizer, type NetworkSizes } from './networks.js';

/** How both sides compute with float32: TF32 is what a GPU's matrix units make of it. */
type Precision = 'tf32' | 'float32';

/**
 * Which of the peer's variants are measured: compiled ones each take most of a minute to compile, so a first pass may
 * leave them out, and another take them alone.
 */
export type Variants = 'eager' | 'compiled' | 'all';

/** What the cases depend on. */
export interface DeviceCaseOptions extends Pick<BenchOptions, 'device' | 'backend' | 'threads' | 'tiny'> {
  readonly variants: Variants;
}

const fullSizes = {
  products: [1024, 4096, 8192],
  parameters: { depth: 50, width: 64, stem: 'imagenet' },
  centroids: { n: 100_000, dimension: 128, k: 1000, block: 32_768 },
};
const tinySizes: typeof fullSizes = {
  products: [64],
  parameters: { depth: 50, width: 8, stem: 'imagenet' },
  centroids: { n: 200, dimension: 16, k: 10, block: 64 },
};

const EMA_DECAY = 0.999;

/** Up to this batch of small images a step consists of kernels so short that a captured graph pays. */
const GRAPH_BATCH = 64;

/** The cases of the engine benchmark on a graphics processor, the most telling first. */
export function deviceEngineCases(options: DeviceCaseOptions): Case[] {
  const { device, backend, threads, tiny, variants } = options;
  const { products, parameters, centroids } = tiny ? tinySizes : fullSizes;

  const benchCase = (
    name: string,
    unit: Unit,
    precision: Precision,
    task: Readonly<Record<string, unknown>>,
    peers: readonly PeerVariant[],
    items?: number,
  ): Case => {
    const shared = { ...task, device, cudnnBenchmark: true };
    return {
      name: `${name}/${precision}/${device}`,
      measure: 'time',
      unit,
      threads: Math.max(...threads),
      items,
      ours: { ...shared, backend, float32Precision: precision === 'tf32' ? 'high' : 'highest' },
      peers: peers.map((peer) => ({
        ...peer,
        mayFail: true,
        task: { precision, ...shared, ...peer.task },
      })),
    };
  };
  const onNetwork = (which: 'train' | 'forward', network: NetworkSizes, precision: Precision): Case[] => {
    const task = { case: which, ...networkTask(network) };
    const peers = networkVariants(network, precision, variants);
    const name = `${networkName(network)}/${which}${variants === 'compiled' ? '/compiled' : ''}`;
    return peers.length === 0 ? [] : [benchCase(name, 'ms', precision, task, peers, network.batch)];
  };
  const networks = deviceNetworks(options);
  const eager = (cases: Case[]): Case[] => (variants === 'compiled' ? [] : cases);
  const productCases = (precision: Precision): Case[] =>
    products.map((size) => {
      const task = { case: 'matmul', shape: [size, size, size] };
      return benchCase(`matmul/${size}x${size}x${size}`, 'ms', precision, task, ways(''));
    });
  const sgd = { case: 'sgd', ...parameters, ...optimizer };
  const ema = { case: 'ema', ...parameters, decay: EMA_DECAY };
  const nearest = { case: 'nearest-centroid', ...centroids };
  const { n, dimension, k } = centroids;

  return [
    ...networks.flatMap((network) => onNetwork('train', network, 'tf32')),
    ...eager([
      benchCase('dispatch/add-one-element', 'us', 'tf32', { case: 'add' }, ways('')),
      ...productCases('tf32'),
    ]),
    ...networks.flatMap((network) => onNetwork('forward', network, 'tf32')),
    ...eager([
      benchCase('sgd-step/resnet50', 'ms', 'tf32', sgd, ways('default', 'foreach', 'fused')),
      benchCase('ema-step/resnet50', 'ms', 'tf32', ema, ways('loop', 'foreach')),
      // Ours is in full float32 whatever the setting: with less, a nearest centroid may be another one.
      benchCase(`nearest-centroid/${n}x${dimension}x${k}`, 'ms', 'float32', nearest, ways('cdist', 'addmm')),
    ]),
    ...networks.flatMap((network) => onNetwork('train', network, 'float32')),
    ...networks.flatMap((network) => onNetwork('forward', network, 'float32')),
    ...eager(productCases('float32')),
  ];
}

/** PyTorch at its best: channels last, a fused optimizer, data on the device, and all that it can be compiled to. */
function networkVariants(
  { batch, stem }: NetworkSizes,
  precision: Precision,
  variants: Variants,
): PeerVariant[] {
  const best = { layout: 'channels_last', way: 'fused' };
  const way = (variant: string, task: object, aside = false): PeerVariant => ({
    variant,
    aside,
    compiles: 'compile' in task,
    task: { ...best, ...task },
  });
  // Half the bits are another computation; what they would give is worth knowing all the same.
  const halved = { precision: 'bfloat16' };
  const eager = [way('eager', {})];
  const compiled: PeerVariant[] = [];
  if (precision === 'tf32') {
    eager.push(way('eager, bfloat16', halved, true));
    const modes = { compiled: 'default' };
    const graphs = stem !== 'imagenet' && batch <= GRAPH_BATCH ? { 'CUDA graphs': 'reduce-overhead' } : {};
    for (const [name, compile] of Object.entries({ ...modes, ...graphs })) {
      compiled.push(way(name, { compile }), way(`${name}, bfloat16`, { compile, ...halved }, true));
    }
  }
  return { eager, compiled, all: [...eager, ...compiled] }[variants];
}

function ways(...names: string[]): PeerVariant[] {
  return names.map((way) => ({ variant: way, task: { way } }));
}

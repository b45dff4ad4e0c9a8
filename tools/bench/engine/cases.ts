import type { Case, PeerVariant } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';
import { networkTask, optimizer, type NetworkSizes } from './networks.js';

/** Sizes of everything that is measured. */
interface EngineSizes extends NetworkSizes {
  readonly products: readonly (readonly [number, number, number])[];
  readonly centroids: { readonly n: number; readonly dimension: number; readonly k: number };
}

const fullSizes: EngineSizes = {
  depth: 18,
  width: 64,
  batch: 64,
  imageSize: 32,
  products: [
    [1024, 1024, 1024],
    [4096, 512, 512],
  ],
  centroids: { n: 20_000, dimension: 128, k: 1000 },
};

const tinySizes: EngineSizes = {
  depth: 8,
  width: 8,
  batch: 4,
  imageSize: 16,
  products: [[64, 64, 64]],
  centroids: { n: 200, dimension: 16, k: 10 },
};

const STEP_LIMIT = 1;
const FORWARD_LIMIT = 1.03;
const MEMORY_LIMIT = 1.1;
/** Training steps after which the peak is read; both sides reach it in the second. */
const MEMORY_STEPS = 5;
const EMA_DECAY = 0.999;
/** Points that PyTorch takes at a time: enough to be busy, little enough to stay in the cache. */
const POINT_BLOCKS = [512, 2048, 8192];

/** The cases of the engine benchmark on the processor, for each thread count where it matters. */
export function engineCases(options: BenchOptions): Case[] {
  const sizes = options.tiny ? tinySizes : fullSizes;
  const network = `resnet${sizes.depth}`;
  const onDevice = { device: options.device, backend: options.backend };
  const most = Math.max(...options.threads);

  const timed = (
    threads: number,
    name: string,
    unit: 's' | 'ms' | 'us',
    task: Readonly<Record<string, unknown>>,
    ways: readonly PeerVariant[] = [{ variant: '', task: {} }],
    limit?: number,
  ): Case => ({
    name: `${name}/threads-${threads}`,
    measure: 'time',
    unit,
    threads,
    ours: { ...task, ...onDevice },
    peers: ways.map(({ task: way, ...rest }) => ({ ...rest, task: { ...task, ...onDevice, ...way } })),
    // The promises were made for the full sizes.
    ...(limit !== undefined && !options.tiny && { limit }),
  });

  const perThreads = options.threads.flatMap((threads) => [
    timed(
      threads,
      `${network}/train`,
      'ms',
      { case: 'train', ...networkTask(sizes) },
      [...trainingWays, ...compiledWays],
      STEP_LIMIT,
    ),
    timed(
      threads,
      `${network}/forward`,
      'ms',
      { case: 'forward', ...networkTask(sizes) },
      [...layouts, ...compiledWays],
      FORWARD_LIMIT,
    ),
    ...sizes.products.map((shape) =>
      timed(
        threads,
        `matmul/${shape.join('x')}`,
        'ms',
        { case: 'matmul', shape },
        ways('new result', 'same result', 'numpy'),
      ),
    ),
  ]);

  const { depth, width, centroids } = sizes;
  const memory: Case = {
    ...timed(most, '', 'ms', { case: 'train', ...networkTask(sizes) }, trainingWays, MEMORY_LIMIT),
    name: `${network}/train/peak-memory`,
    measure: 'peak-memory',
    unit: 'MiB',
    iterations: MEMORY_STEPS,
  };
  return [
    ...perThreads,
    memory,
    timed(1, 'dispatch/add-one-element', 'us', { case: 'add' }),
    timed(most, 'sgd-step', 'ms', { case: 'sgd', depth, width, ...optimizer }, optimizers),
    timed(most, 'ema-step', 'ms', { case: 'ema', depth, width, decay: EMA_DECAY }, momentumWays),
    timed(
      most,
      `nearest-centroid/${centroids.n}x${centroids.dimension}x${centroids.k}`,
      'ms',
      { case: 'nearest-centroid', ...centroids },
      nearestWays,
    ),
  ];
}

const layouts: readonly PeerVariant[] = ['contiguous', 'channels_last'].map((layout) => ({
  variant: layout,
  task: { layout },
}));

/** Where there is no C++ compiler, the others remain. */
const compiled = { compile: 'default' };

const trainingWays: readonly PeerVariant[] = layouts.flatMap(({ variant, task }) =>
  ['default', 'fused'].map((way) => ({ variant: `${variant}, ${way} optimizer`, task: { ...task, way } })),
);

const compiledWays: readonly PeerVariant[] = layouts.map(({ variant, task }) => ({
  variant: `${variant}, compiled`,
  task: { ...task, way: 'fused', ...compiled },
  mayFail: true,
  compiles: true,
}));

const compiledStep: PeerVariant = {
  variant: 'compiled',
  task: { way: 'compiled' },
  mayFail: true,
  compiles: true,
};

const optimizers = [...ways('default', 'foreach', 'fused'), compiledStep];

const momentumWays = [...ways('loop', 'foreach'), compiledStep];

const nearestWays: readonly PeerVariant[] = [
  ...POINT_BLOCKS.flatMap((block) =>
    ['cdist', 'addmm'].map((way) => ({ variant: `${way}, blocks of ${block}`, task: { way, block } })),
  ),
  {
    variant: 'addmm, compiled',
    task: { way: 'addmm', block: POINT_BLOCKS[1], ...compiled },
    mayFail: true,
    compiles: true,
  },
];

function ways(...names: string[]): PeerVariant[] {
  return names.map((way) => ({ variant: way, task: { way } }));
}

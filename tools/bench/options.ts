import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

import { benchError } from './harness/benchError.js';

/** What the command line says. */
export interface BenchOptions {
  readonly benchmark: string;
  /** File for the records. */
  readonly json: string | undefined;
  /** Samples of each side of a timed case. */
  readonly samples: number;
  /** Only cases whose name contains this. */
  readonly filter: string | undefined;
  /** The TensorFlow.js backend of our side. */
  readonly backend: string;
  /** `cpu`, `cuda` or `cuda:N`, of both sides. */
  readonly device: string;
  /** Thread counts to measure with. */
  readonly threads: readonly number[];
  /** Networks and arrays so small that any backend gets through in seconds. */
  readonly tiny: boolean;
  /** Whether to compare with PyTorch. */
  readonly peer: boolean;
  /** The network of the soak benchmark, or the preset of a whole run. */
  readonly network: string;
  /** Training steps of the soak benchmark. */
  readonly steps: number;
}

/** How the command is used. */
export const usage = `npm run bench -- NAME [options]

  NAME                 engine: ResNet-18, products, optimizers, against PyTorch
                       augment: two views of images, against torchvision
                       kmeans: clusterings, against faiss (5 samples at most)
                       evaluators: kNN, SVM, logistic regression, t-SNE, AMI, against scikit-learn (3 samples at most)
                       epoch: the demo's M-step and E-step, against PyTorch, torchvision and faiss
                       methods: a training step of MoCo, SimCLR, DeepCluster, against one of our PCL
                       soak: memory over many training steps

  --json FILE          write the medians to FILE
  --samples N          samples of each side of a timed case (default 11)
  --filter TEXT        only cases whose name contains TEXT
  --backend NAME       TensorFlow.js backend of our side (default torch)
  --device DEVICE      cpu, cuda or cuda:N, for both sides (default cpu)
  --threads LIST       thread counts to measure with (default 1,2)
  --tiny               sizes for trying out the benchmark itself
  --no-peer            our side only
  --network NAME       soak: resnet8, resnet18, or pcl-demo for 30 epochs of a run (default resnet8)
  --steps N            soak: training steps (default 1000)`;

/**
 * Reads the command line.
 *
 * @throws {ProtoclError} `BENCH_USAGE` for an unknown option or a value that cannot be
 */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parse(args);
  const device = values.device ?? 'cpu';
  return {
    benchmark: required(positionals, args),
    json: values.json,
    samples: positiveInteger('--samples', values.samples ?? '11'),
    filter: values.filter,
    backend: values.backend ?? 'torch',
    device,
    threads: (values.threads ?? defaultThreads(device))
      .split(',')
      .map((text) => positiveInteger('--threads', text)),
    tiny: values.tiny ?? false,
    peer: !(values['no-peer'] ?? false),
    network: values.network ?? 'resnet8',
    steps: positiveInteger('--steps', values.steps ?? '1000'),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        samples: { type: 'string' },
        filter: { type: 'string' },
        backend: { type: 'string' },
        device: { type: 'string' },
        threads: { type: 'string' },
        tiny: { type: 'boolean' },
        'no-peer': { type: 'boolean' },
        network: { type: 'string' },
        steps: { type: 'string' },
      },
    });
  } catch (cause) {
    throw benchError('BENCH_USAGE', {
      message: cause instanceof Error ? cause.message : String(cause),
      remedy: `Usage: ${usage}`,
      cause,
    });
  }
}

/** A graphics processor does the work whatever the threads; one core cannot show two. */
function defaultThreads(device: string): string {
  return device !== 'cpu' || availableParallelism() < 2 ? '1' : '1,2';
}

function required(positionals: readonly string[], args: readonly string[]): string {
  const [name, ...rest] = positionals;
  if (name !== undefined && rest.length === 0) return name;
  throw benchError('BENCH_USAGE', {
    message: 'one benchmark has to be named',
    given: args.join(' '),
    remedy: `Usage: ${usage}`,
  });
}

function positiveInteger(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw benchError('BENCH_USAGE', {
    message: `${name} is out of range`,
    given: text,
    expected: 'a positive whole number',
  });
}

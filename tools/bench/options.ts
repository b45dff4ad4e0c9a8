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
  /** What a sample should take at least. */
  readonly sampleSeconds: number;
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
  /** Whether the cases are those of a graphics processor. */
  readonly deviceCases: boolean;
  /** Which of PyTorch's ways are measured on a graphics processor. */
  readonly variants: 'eager' | 'compiled' | 'all';
  /** Whether to compare with PyTorch. */
  readonly peer: boolean;
  /** Only ways of the peer whose name contains this. */
  readonly peerSetting: string | undefined;
  /** Measure nothing, but tell which ways of the peer there are. */
  readonly listPeerSettings: boolean;
  /** Whether only the fastest of the peer's settings is measured; on a graphics processor all are. */
  readonly tournament: boolean;
  /** A file of features that k-means clusters; drawn ones where it is left out. */
  readonly points: string | undefined;
  /** What the epoch benchmark trains. */
  readonly preset: string;
  /** The network of the soak benchmark, or the preset of a whole run. */
  readonly network: string;
  /** Training steps of the soak benchmark. */
  readonly steps: number;
}

/** How the command is used. */
export const usage = `npm run bench -- NAME [options]

  NAME                 engine: ResNets, products, optimizers, against PyTorch
                       profile: their training steps, kernel by kernel
                       augment: two views of images, against torchvision
                       kmeans: clusterings, against faiss (5 samples at most)
                       evaluators: kNN, SVM, logistic regression, t-SNE, AMI, against scikit-learn (3 samples at most)
                       epoch: a preset's M-step and E-step, against PyTorch, torchvision and faiss
                       methods: a training step of MoCo, SimCLR, DeepCluster, against one of our PCL
                       soak: memory over many training steps

  --json FILE          write the medians to FILE
  --samples N          samples of each side of a timed case (default 11; 5 with --device-cases)
  --sample-seconds S   what a sample takes at least (default 0.25; 0.2 with --device-cases)
  --filter TEXT        only cases whose name contains TEXT
  --backend NAME       TensorFlow.js backend of our side (default torch)
  --device DEVICE      cpu, cuda or cuda:N, for both sides (default cpu)
  --device-cases       the cases of a graphics processor; the default but on a cpu, where --tiny tries them out
  --variants WHICH     with --device-cases, PyTorch eager, compiled or all (default all)
  --threads LIST       thread counts to measure with (default 1,2)
  --tiny               sizes for trying out the benchmark itself
  --no-peer            our side only
  --peer-setting NAME  only settings of the peer whose name contains NAME; by default the fastest of all is found first
  --peer-settings      list the settings of the peer that each case tries, and measure nothing
  --points FILE        kmeans: cluster these features, a .safetensors of protocl embed (default: drawn ones)
  --preset NAME        epoch: what is trained (default pcl-demo)
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
  const deviceCases = values['device-cases'] ?? device !== 'cpu';
  return {
    benchmark: required(positionals, args),
    json: values.json,
    samples: positiveInteger('--samples', values.samples ?? (deviceCases ? '5' : '11')),
    sampleSeconds: positiveNumber(
      '--sample-seconds',
      values['sample-seconds'] ?? (deviceCases ? '0.2' : '0.25'),
    ),
    filter: values.filter,
    backend: values.backend ?? 'torch',
    device,
    threads: (values.threads ?? defaultThreads(device))
      .split(',')
      .map((text) => positiveInteger('--threads', text)),
    tiny: values.tiny ?? false,
    deviceCases,
    variants: oneOf('--variants', values.variants ?? 'all', ['eager', 'compiled', 'all']),
    peer: !(values['no-peer'] ?? false),
    peerSetting: values['peer-setting'],
    listPeerSettings: values['peer-settings'] ?? false,
    tournament: !deviceCases,
    points: values.points,
    preset: values.preset ?? 'pcl-demo',
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
        'sample-seconds': { type: 'string' },
        'device-cases': { type: 'boolean' },
        variants: { type: 'string' },
        points: { type: 'string' },
        preset: { type: 'string' },
        filter: { type: 'string' },
        backend: { type: 'string' },
        device: { type: 'string' },
        threads: { type: 'string' },
        tiny: { type: 'boolean' },
        'no-peer': { type: 'boolean' },
        'peer-setting': { type: 'string' },
        'peer-settings': { type: 'boolean' },
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

function oneOf<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const chosen = choices.find((choice) => choice === text);
  if (chosen !== undefined) return chosen;
  throw benchError('BENCH_USAGE', {
    message: `${name} has a value that is not known`,
    given: text,
    expected: choices.join(' or '),
  });
}

function positiveNumber(name: string, text: string, expected = 'a positive number'): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw outOfRange(name, text, expected);
}

function positiveInteger(name: string, text: string): number {
  const expected = 'a positive whole number';
  const value = positiveNumber(name, text, expected);
  if (Number.isInteger(value)) return value;
  throw outOfRange(name, text, expected);
}

function outOfRange(name: string, given: string, expected: string): Error {
  return benchError('BENCH_USAGE', { message: `${name} is out of range`, given, expected });
}

import type { Benchmark } from '../../../bench/harness/benchmark.js';
import { parseOptions } from '../../../bench/options.js';
import { gpuCheckError } from '../../errors.js';
import { signalAtDeadline, type Step } from '../step.js';

/** What of a benchmark a step runs. */
interface BenchStep extends Omit<Step, 'run'> {
  readonly benchmark: () => Promise<Benchmark>;
  /** As on the command line of `npm run bench`. */
  readonly options?: readonly string[];
  /** Added where everything is small. */
  readonly tinyOptions?: readonly string[];
}

/** A benchmark as a step: each of its cases is kept as soon as it is measured. */
function benchStep({ benchmark: load, options = [], tinyOptions = [], ...step }: BenchStep): Step {
  return {
    ...step,
    async run(context) {
      const { device, tiny, peer, log, tell } = context;
      const benchmark = await load();
      const args = [
        '--device',
        device,
        '--device-cases',
        ...(tiny ? ['--tiny', '--samples', '1', '--sample-seconds', '0.01'] : []),
      ];
      const alone: string[] = [];
      const { failures, skipped = [] } = await benchmark.run({
        options: parseOptions([benchmark.name, ...args, ...options, ...(tiny ? tinyOptions : [])]),
        peer,
        signal: signalAtDeadline(context),
        report: log,
        onResult: ({ record }) => {
          tell({ kind: 'comparison', record });
          // A figure of ours beside nothing is no comparison, and why it is so has to be known.
          if (record.peer === null)
            alone.push(...record.leftOut.map(({ label, reason }) => `${record.name}, ${label}: ${reason}`));
        },
      });
      const all = [...failures, ...alone];
      if (all.length > 0) {
        throw gpuCheckError('STEP_FAILED', { message: `${all.length} failed:\n${all.join('\n')}` });
      }
      return skipped.length === 0 ? undefined : `there was no time for ${skipped.join(', ')}`;
    },
  };
}

const engineBenchmark = async () => (await import('../../../bench/engine/engine.js')).engine;

export const engine = benchStep({
  name: 'engine',
  what: 'ResNets forward and in training, products, optimizers, against PyTorch eager',
  leastSeconds: 30,
  mostSeconds: 200,
  benchmark: engineBenchmark,
  options: ['--variants', 'eager'],
});

export const compiled = benchStep({
  name: 'compiled',
  what: 'the ResNets against torch.compile',
  leastSeconds: 60,
  mostSeconds: 300,
  benchmark: engineBenchmark,
  options: ['--variants', 'compiled', '--filter', 'compiled'],
  // Each way to compile takes a processor half a minute.
  tinyOptions: ['--filter', 'resnet8/batch-4/forward/compiled'],
});

export const kmeans = benchStep({
  name: 'kmeans',
  what: 'an iteration of k-means on 1.28 million points, beside its products alone',
  leastSeconds: 30,
  mostSeconds: 90,
  benchmark: async () => (await import('../../../bench/kmeans/kmeans.js')).kmeans,
});

export const augmentation = benchStep({
  name: 'augmentation',
  what: 'views of 32 px and 224 px on the device, against torchvision',
  leastSeconds: 20,
  mostSeconds: 60,
  benchmark: async () => (await import('../../../bench/augment/augment.js')).augment,
});

export const epoch = benchStep({
  name: 'epoch',
  what: 'the M-step and the E-step of pcl-cifar10, against PyTorch',
  leastSeconds: 40,
  mostSeconds: 150,
  needs: ['images'],
  benchmark: async () => (await import('../../../bench/epoch/epoch.js')).epoch,
  options: ['--preset', 'pcl-cifar10', '--variants', 'eager'],
});

import type { Benchmark } from '../../../bench/harness/benchmark.js';
import { parseOptions } from '../../../bench/options.js';
import { gpuCheckError } from '../../errors.js';
import { signalAtDeadline, type Step } from '../step.js';

/** What of a benchmark a step runs. */
interface BenchStep extends Omit<Step, 'run'> {
  readonly benchmark: () => Promise<Benchmark>;
  /** As on the command line of `npm run bench`. */
  readonly options?: readonly string[];
}

/** A benchmark as a step: each of its cases is kept as soon as it is measured. */
function benchStep({ benchmark: load, options = [], ...step }: BenchStep): Step {
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
      const { failures, skipped = [] } = await benchmark.run({
        options: parseOptions([benchmark.name, ...args, ...options]),
        peer,
        signal: signalAtDeadline(context),
        report: log,
        onResult: ({ record }) => tell({ kind: 'comparison', record }),
      });
      if (failures.length > 0) {
        throw gpuCheckError('STEP_FAILED', { message: `${failures.length} failed:\n${failures.join('\n')}` });
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

import { join } from 'node:path';

import type { Step, StepContext } from './runStep.js';

const fromSource = ['--conditions=@protocl/source', '--import', 'tsx'];
const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];

const onDevice = ({ device }: StepContext): Record<string, string> => ({ PROTOCL_DEVICE: device });

/** What the check consists of, in order. */
export const steps: readonly Step[] = [
  {
    name: 'set-up',
    what: 'find libtorch, compile the addon',
    arguments: () => [...fromSource, 'tools/gpu-check/setUp.ts'],
  },
  {
    name: 'conformance-cuda',
    what: "tfjs-core's own suite on the device",
    arguments: ({ device }) => [...fromSource, 'tools/conformance/main.ts', '--device', device],
  },
  {
    name: 'conformance-cpu',
    what: "tfjs-core's own suite on the processor",
    arguments: () => [...fromSource, 'tools/conformance/main.ts', '--device', 'cpu'],
  },
  {
    name: 'fused-ops',
    what: 'fused ops against their composed forms on the device',
    arguments: () => [
      ...[...jest, '-c', 'packages/backend/jest.config.mjs'],
      ...['batchNorm', 'nearestCentroid', 'optimizerSteps', 'studentRepulsion'],
    ],
    environment: onDevice,
  },
  {
    name: 'engine',
    what: 'the engine benchmark on the device, against PyTorch',
    arguments: ({ device, out }) => [
      ...[...fromSource, 'tools/bench/main.ts', 'engine'],
      ...['--device', device, '--json', join(out, 'engine.json')],
    ],
  },
];

import type { GridInput } from '../compare/gridSchema.js';
import { nearestWord } from '@protocl/core/options';
import type { ConfigLayer } from '../config/layers.js';
import type { ConfigInput } from '../config/schema.js';
import { pipelineError } from '../errors.js';
import { compareDemo } from './compareDemo.js';
import { deepClusterCifar10, deepClusterImagenet } from './deepCluster.js';
import { mocoV1Cifar10, mocoV1Imagenet, mocoV2Cifar10, mocoV2Imagenet } from './moco.js';
import { pclCifar10 } from './pclCifar10.js';
import { pclDemo } from './pclDemo.js';
import { pclV1Imagenet } from './pclV1Imagenet.js';
import { pclV2Imagenet } from './pclV2Imagenet.js';
import { simclrCifar10, simclrImagenet } from './simclr.js';

/** The configurations that come with the package, by name. */
export const presets: Readonly<Record<string, ConfigInput>> = {
  'pcl-demo': pclDemo,
  'pcl-cifar10': pclCifar10,
  'pcl-v1-imagenet': pclV1Imagenet,
  'pcl-v2-imagenet': pclV2Imagenet,
  'moco-v1-cifar10': mocoV1Cifar10,
  'moco-v1-imagenet': mocoV1Imagenet,
  'moco-v2-cifar10': mocoV2Cifar10,
  'moco-v2-imagenet': mocoV2Imagenet,
  'simclr-cifar10': simclrCifar10,
  'simclr-imagenet': simclrImagenet,
  'deepcluster-cifar10': deepClusterCifar10,
  'deepcluster-imagenet': deepClusterImagenet,
};

/** The grids of runs to compare that come with the package, by name. */
export const grids: Readonly<Record<string, GridInput>> = {
  'compare-demo': compareDemo,
};

/**
 * A preset as the lowest layer of a configuration.
 *
 * @throws {ProtoclError} `UNKNOWN_NAME`
 */
export function presetLayer(name: string): ConfigLayer {
  const values = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (values !== undefined) return { origin: `preset ${name}`, values };
  const names = Object.keys(presets);
  const meant = nearestWord(name, names);
  throw pipelineError('UNKNOWN_NAME', {
    message: 'there is no such preset',
    given: name,
    expected: names.join(', '),
    ...(meant !== undefined && { remedy: `Did you mean ${meant}?` }),
  });
}

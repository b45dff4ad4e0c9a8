import { engine, findBackendFactory } from '@tensorflow/tfjs-core';

import { cpu } from './cpu.js';
import { BACKEND_NAMES, type BackendName, type Engine } from './engine.js';
import { isNode } from './platform.js';
import { startRegistered } from './registeredBackend.js';
import { tfjsNode, tfjsNodeGpu } from './tfjsNode.js';
import { torch } from './torch.js';
import { wasm } from './wasm.js';
import { webgl } from './webgl.js';
import { webgpu } from './webgpu.js';

/** The engine of each name. */
export const ENGINES: Readonly<Record<BackendName, Engine>> = {
  torch,
  'tfjs-node-gpu': tfjsNodeGpu,
  'tfjs-node': tfjsNode,
  webgpu,
  webgl,
  wasm,
  cpu,
};

const NODE_ONLY: readonly BackendName[] = ['torch', 'tfjs-node-gpu', 'tfjs-node'];
/** Nobody makes a backend to be slower than these. */
const SLOWEST: readonly BackendName[] = ['wasm', 'cpu'];

/**
 * What `auto` tries, one after the other, until one works.
 *
 * In Node that is the fastest first, whether its package has been imported already or has to be now. A page
 * has the backends that were imported with it, so these come first, and only where none of them works those
 * that an import map may still have. A backend that somebody registered under a name of its own is among
 * them, before wasm and cpu.
 */
export function candidates(): readonly Engine[] {
  const faster = BACKEND_NAMES.filter((name) => !SLOWEST.includes(name)).map((name) => ENGINES[name]);
  const all = [...faster, ...otherEngines(), ...SLOWEST.map((name) => ENGINES[name])];
  // In Node, WebGL is there only for somebody who has brought a canvas, and has then registered it.
  if (isNode()) return all.filter((candidate) => candidate !== webgl || isRegistered(candidate));
  const onPages = all.filter(({ name }) => name === 'other' || !NODE_ONLY.includes(name));
  return [...onPages.filter(isRegistered), ...onPages.filter((candidate) => !isRegistered(candidate))];
}

/** Whether an engine's package has been imported. */
export function isRegistered({ tfjsName }: Engine): boolean {
  return findBackendFactory(tfjsName) !== null;
}

/** The registered backends that this package does not know, by falling priority. */
function otherEngines(): Engine[] {
  const known = Object.values(ENGINES).map(({ tfjsName }) => tfjsName);
  return Object.entries(engine().registryFactory)
    .filter(([tfjsName]) => !known.includes(tfjsName))
    .sort(([, a], [, b]) => b.priority - a.priority)
    .map(([tfjsName]) => ({
      name: 'other',
      tfjsName,
      async start() {
        await startRegistered(tfjsName);
        return 'unknown';
      },
    }));
}

import { faissNodeAssigner } from '#faissNodeAssigner';

import { clusteringError } from '../errors.js';
import type { Assigner, AssignerName } from './assigner.js';
import { tensorAssigner } from './tensorAssigner.js';

/**
 * Runs `task` with an assigner. One that was asked for by name is made for the task and closed after it; one that was
 * passed in stays open.
 *
 * @throws {ClusteringError} `INVALID_OPTION` for a name that there is none of
 */
export async function useAssigner<Result>(
  assigner: AssignerName | Assigner,
  task: (assigner: Assigner) => Promise<Result>,
): Promise<Result> {
  if (typeof assigner === 'object') return task(assigner);
  const made = makeAssigner(assigner);
  try {
    return await task(made);
  } finally {
    await made.close();
  }
}

function makeAssigner(name: AssignerName): Assigner {
  switch (name) {
    case 'tensor':
      return tensorAssigner();
    case 'faiss-node':
      return faissNodeAssigner();
    default:
      name satisfies never;
      throw clusteringError('INVALID_OPTION', {
        message: 'there is no such assigner',
        given: name,
        expected: "'tensor', 'faiss-node' or an Assigner",
      });
  }
}

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What a run writes in one piece, beside its checkpoints. */
const WRITTEN = ['config.json', 'metrics.json', 'summary.json', 'encoder.safetensors'];
/** The names that such files have while they are written. */
const TEMPORARY = /^\.(.+)\.\d+-[0-9a-f]{12}\.tmp$/;

/** Removes what processes that were killed have left of files that they wrote; none may be at work there. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const target = TEMPORARY.exec(name)?.[1];
    if (target !== undefined && WRITTEN.includes(target)) await rm(join(folder, name), { force: true });
  }
}

import { fileURLToPath } from 'node:url';

/** The root folder of the repository, without a trailing separator. */
export const workspaceRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

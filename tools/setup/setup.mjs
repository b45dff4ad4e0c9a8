import { installDependencies } from './dependencies.mjs';
import { nodeComplaint } from './nodeVersion.mjs';
import { prepareTorchEngine } from './torch.mjs';

/**
 * Makes a fresh clone ready: checks Node, installs the npm packages, prepares libtorch and its addon. What is there
 * already is left alone, so every entry point starts with this. Ends the process, with a message, where it cannot.
 *
 * @returns {Promise<import('./torch.mjs').TorchState>}
 */
export async function setUp() {
  /** @param {string} line */
  const log = (line) => console.error(`set-up: ${line}`);
  const complaint = nodeComplaint(process.versions.node);
  if (complaint !== null) return stop(complaint);
  try {
    await installDependencies({ log });
  } catch (error) {
    return stop(error instanceof Error ? error.message : String(error));
  }
  return prepareTorchEngine({ log });
}

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message) {
  console.error(message);
  process.exit(1);
}

import { fileURLToPath } from 'node:url';
import { run, typescriptFlags } from './run.mjs';

/**
 * @typedef {object} TorchState
 * @property {string | null} fingerprint what was prepared, in a line; null where there is none
 * @property {boolean} defect whether the set-up failed in a way of which it does not know
 */
/** @typedef {{ prepared: object, unavailable?: undefined } | { unavailable: string }} TorchReply */

/**
 * Finds or fetches libtorch and compiles the addon, in a process of its own: libtorch is large, and whoever asked
 * has no use for it loaded. Where that is not possible it says so in a line and the rest goes on without.
 *
 * @param {{ log: (line: string) => void }} options
 * @returns {Promise<TorchState>}
 */
export async function prepareTorchEngine({ log }) {
  /** @type {TorchState} */
  let state = { fingerprint: null, defect: true };
  let said = false;
  const code = await run(
    process.execPath,
    [...typescriptFlags(), fileURLToPath(new URL('prepareTorchProcess.ts', import.meta.url))],
    {
      message: (message) => {
        const reply = /** @type {TorchReply} */ (message);
        if (reply.unavailable === undefined) {
          state = { fingerprint: JSON.stringify(reply.prepared), defect: false };
          log('torch: ready');
        } else {
          state = { fingerprint: null, defect: false };
          log(`torch: NOT AVAILABLE, going on without it. ${reply.unavailable}`);
        }
        said = true;
      },
    },
  );
  if (!said) log(`torch: NOT AVAILABLE, going on without it: its set-up ended with code ${code}, see above`);
  return state;
}

import { fileURLToPath } from 'node:url';
import { run, typescriptFlags } from './run.mjs';

/**
 * @typedef {object} FaissState
 * @property {string | null} path where faiss-node is loaded from; null where there is none
 * @property {boolean} defect whether its preparation failed in a way of which it does not know
 */
/** @typedef {{ path: string, unavailable?: undefined } | { unavailable: string }} FaissReply */

/**
 * Prepares faiss-node, with which the clustering package can search: finds it, else installs it from npm into the
 * per-user cache, with its prebuilt addon from GitHub or, without that, compiled against libfaiss, which apt-get
 * installs where this user may. Where that is not possible it says so in a line and the rest goes on without.
 *
 * @param {{ log: (line: string) => void }} options
 * @returns {Promise<FaissState>}
 */
export async function prepareFaiss({ log }) {
  /** @type {FaissState} */
  let state = { path: null, defect: true };
  const code = await run(
    process.execPath,
    [...typescriptFlags(), fileURLToPath(new URL('prepareFaissProcess.ts', import.meta.url))],
    {
      message: (message) => {
        const reply = /** @type {FaissReply} */ (message);
        state = { path: reply.unavailable === undefined ? reply.path : null, defect: false };
        log(
          reply.unavailable === undefined
            ? 'faiss-node: ready'
            : `faiss-node: NOT AVAILABLE, going on without it. ${reply.unavailable}`,
        );
      },
    },
  );
  if (state.defect) {
    log(`faiss-node: NOT AVAILABLE, going on without it: its preparation ended with code ${code}, see above`);
  }
  return state;
}

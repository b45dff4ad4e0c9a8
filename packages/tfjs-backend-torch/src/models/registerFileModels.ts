import { io } from '@tensorflow/tfjs-core';

import { loadModel } from './loadModel.js';
import { saveModel } from './saveModel.js';

const SCHEME = 'file://';

/** What tfjs asks for a handler of an address. Its types do not say that the answer may be null. */
type Router = (address: string | string[]) => io.IOHandler;
const notMine = null as unknown as io.IOHandler;

/** tfjs's list of all handlers of an address. */
type Handlers = (address: string) => io.IOHandler[];

/**
 * Makes `model.save('file://FOLDER')`, `tf.loadLayersModel('file://FOLDER/model.json')` and `tf.loadGraphModel` work, in
 * the format of `@tensorflow/tfjs-node`: `model.json` and `weights.bin`. What follows `file://` is the path as it is.
 * Where somebody else, such as tfjs-node, reads and writes such addresses, it goes on to.
 */
export function registerFileModels(): void {
  const { getLoadHandlers, getSaveHandlers, registerLoadRouter, registerSaveRouter } = io;
  if (getSaveHandlers(SCHEME).length === 0) {
    registerSaveRouter(givingWay(getSaveHandlers, (path) => ({ save: (model) => saveModel(model, path) })));
  }
  if (getLoadHandlers(SCHEME).length === 0) {
    registerLoadRouter(givingWay(getLoadHandlers, (path) => ({ load: () => loadModel(path) })));
  }
}

/** tfjs takes two handlers of one address for an error, so this one is only there while it is the only one. */
function givingWay(handlers: Handlers, handler: (path: string) => io.IOHandler): Router {
  let asksOthers = false;
  return (address) => {
    if (asksOthers || typeof address !== 'string' || !address.startsWith(SCHEME)) return notMine;
    asksOthers = true;
    try {
      if (handlers(address).length > 0) return notMine;
    } finally {
      asksOthers = false;
    }
    return handler(address.slice(SCHEME.length));
  };
}

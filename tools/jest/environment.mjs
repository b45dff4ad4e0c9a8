import { types } from 'node:util';
import { TestEnvironment } from 'jest-environment-node';

const shared = [
  ArrayBuffer,
  SharedArrayBuffer,
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

/**
 * Node's environment with one set of typed arrays, and one notion of `Error`.
 *
 * Jest runs each test file in a context of its own, with its own `Float32Array`, while a native addon, `node:zlib`
 * or a worker makes arrays of the main context. `array instanceof Float32Array`, by which tfjs-core tells typed
 * arrays from lists of numbers, would be false for those here and true in every real program. So would `thrown instanceof Error` for what
 * an addon or `node:fs` throws.
 */
export default class SharedArraysEnvironment extends TestEnvironment {
  /** @param {ConstructorParameters<typeof TestEnvironment>} given */
  constructor(...given) {
    super(...given);
    for (const constructor of shared) {
      Object.defineProperty(this.global, constructor.name, {
        value: constructor,
        configurable: true,
        writable: true,
      });
    }
    const { Error } = this.global;
    const isInstance = Function.prototype[Symbol.hasInstance];
    Object.defineProperty(Error, Symbol.hasInstance, {
      /** @param {unknown} value */
      value(value) {
        return isInstance.call(this, value) || (this === Error && types.isNativeError(value));
      },
    });
  }
}

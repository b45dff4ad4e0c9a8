import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

function attempt(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

describe('the test environment', () => {
  test('shares typed arrays with what was made outside of it', () => {
    const bytes = gunzipSync(gzipSync(Buffer.from(Float32Array.of(1.5, -2).buffer)));
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
    expect(bytes).toBeInstanceOf(Uint8Array);
    const outside = structuredClone(Float32Array.of(1.5, -2));
    expect(outside).toBeInstanceOf(Float32Array);
    expect(outside).toEqual(Float32Array.of(1.5, -2));
    expect(tf.util.isTypedArray(outside)).toBe(true);
  });

  test('derives typed arrays of the shared kind', () => {
    expect(Float32Array.of(1, 2).map((value) => value + 1)).toBeInstanceOf(Float32Array);
    expect(Object.getPrototypeOf(Float32Array)).toBe(Object.getPrototypeOf(Int32Array));
  });

  test('knows an error from outside as an Error and as no other kind', () => {
    const thrown = attempt(() => readFileSync('/no/such/file'));
    expect(thrown instanceof Error).toBe(true);
    expect(thrown instanceof RangeError).toBe(false);
    expect(attempt(() => 'x'.repeat(-1)) instanceof RangeError).toBe(true);
    expect({} instanceof Error).toBe(false);
  });
});

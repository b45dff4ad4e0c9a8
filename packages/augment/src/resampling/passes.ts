import { resampleBinary } from './resampleBinary.js';

/** The functions of resample.wat, where their parameters are explained; all but `memory` take whole numbers. */
export interface Passes {
  readonly memory: {
    /** Another one after every `grow`. */
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  };
  readonly resampleColumns: (
    source: number,
    sourceStride: number,
    rows: number,
    target: number,
    targetStride: number,
    offsets: number,
    weights: number,
    pairs: number,
    width: number,
  ) => void;
  readonly resampleRows: (
    source: number,
    sourceStride: number,
    target: number,
    targetStride: number,
    offsets: number,
    weights: number,
    pairs: number,
    height: number,
  ) => void;
}

/** What is used of WebAssembly, whose types TypeScript has for browsers only. */
interface Runtime {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** Makes an instance of resample.wat, with a memory of its own. */
export function loadPasses(): Passes {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Runtime }).WebAssembly;
  return new Instance(new Module(Buffer.from(resampleBinary, 'base64'))).exports as Passes;
}

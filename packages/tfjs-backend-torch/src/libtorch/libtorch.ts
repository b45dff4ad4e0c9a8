/** How a libtorch was found, in the order in which they are tried. */
export type LibtorchSource = 'PROTOCL_LIBTORCH' | 'python' | 'system' | 'fetched';

/** A libtorch that can be compiled against. */
export interface Libtorch {
  /** As the library tells it, such as `2.13.0+cpu`. */
  readonly version: string;
  /** The folder that holds it: an unpacked archive, Python's `torch` folder, or a prefix such as `/usr`. */
  readonly root: string;
  readonly includeDirs: readonly string[];
  /** The folders of its libraries and of those that they need; the first holds `libtorch_cpu`. */
  readonly libraryDirs: readonly string[];
  /** Names to link, such as `torch_cpu`. */
  readonly libraries: readonly string[];
  readonly source: LibtorchSource;
  readonly cuda: boolean;
  /** Whether it was compiled with libstdc++'s C++11 strings. */
  readonly cxx11Abi: boolean;
}

/** Something of a candidate that makes it unusable; the message is one sentence without a full stop. */
export class LibtorchDefect extends Error {
  override readonly name = 'LibtorchDefect';
}

/** How a libtorch is got by hand, in one sentence. */
export const LIBTORCH_REMEDY =
  'Install PyTorch (`pip install torch`) or, on Debian or Ubuntu, `apt-get install libtorch-dev`, ' +
  'or set PROTOCL_LIBTORCH to the folder of an unpacked libtorch.';

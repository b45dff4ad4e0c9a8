import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type { load as loadLibrary } from 'koffi';

import { CHANNELS } from '../checks.js';
import type { RgbImage } from '../resampling/resampleImage.js';
import { giveBackMemory, takeMemory } from './imageMemory.js';
import type { ImageSize } from './plainJpeg.js';

/**
 * Decodes a JPEG of a size that is known.
 *
 * @returns nothing where the decoder refuses the file, or has anything to say against it
 */
export type TurboJpeg = (bytes: Uint8Array, size: ImageSize) => Promise<RgbImage | undefined>;

/** The address of a TurboJPEG instance. */
type Handle = bigint;

/** The functions of libturbojpeg that are used. */
interface Library {
  readonly init: (kind: number) => Handle;
  readonly destroy: (handle: Handle) => void;
  readonly set: (handle: Handle, parameter: number, value: number) => number;
  readonly get: (handle: Handle, parameter: number) => number;
  readonly decompress: {
    async(
      handle: Handle,
      bytes: Uint8Array,
      length: number,
      pixels: Uint8Array,
      pitch: number,
      format: number,
      done: (error: unknown, status: number) => void,
    ): void;
  };
}

// Values of turbojpeg.h.
const DECOMPRESS = 1;
const STOP_ON_WARNING = 0;
const JPEG_WIDTH = 5;
const JPEG_HEIGHT = 6;
const MAX_PIXELS = 24;
const RGB = 0;
const SUCCESS = 0;

/**
 * Loading, which takes what ten files save, is for threads that stay: an addon's initialization, koffi's as well, ends
 * the process where its thread is terminated in that very millisecond, such as that of a loader closed at once.
 */
const FILES_BEFORE_LOADING = 64;

/** What is being read and written outside of JavaScript. */
const inUse = new Map<Handle, readonly [Uint8Array, Uint8Array]>();
let files = 0;
let loaded: Promise<TurboJpeg | undefined> | undefined;

/**
 * libjpeg-turbo for this thread, where the optional packages are installed and there have been enough
 * files to make it worth while.
 */
export function turboJpeg(): Promise<TurboJpeg | undefined> | undefined {
  if (loaded === undefined && files++ < FILES_BEFORE_LOADING) return undefined;
  return (loaded ??= loadTurboJpeg());
}

/**
 * Loads the libjpeg-turbo that comes with `@julusian/jpeg-turbo`, which has it as a file of its own on
 * Linux. It is called through koffi: the package's own addon asks for the fast DCT, which is no faster
 * here but off by 1 on average and by far more in files of high quality, and it ends the process with
 * a thread that is terminated while it decodes. The accurate DCT gives the very pixels of sharp and PIL.
 *
 * @returns nothing where that cannot be
 */
export async function loadTurboJpeg(): Promise<TurboJpeg | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { load } = await import('koffi');
    for (const path of libraryPaths()) {
      const library = openLibrary(load, path);
      if (library !== undefined) return (bytes, size) => decode(library, bytes, size);
    }
  } catch {
    // One of the packages is not installed, or not for this machine.
  }
  return undefined;
}

/** Where the library may lie: for glibc, and for musl. */
function libraryPaths(): string[] {
  const root = dirname(createRequire(import.meta.url).resolve('@julusian/jpeg-turbo/package.json'));
  return ['', '-musl'].map((libc) =>
    join(root, 'prebuilds', `jpeg-turbo-linux-${process.arch}${libc}`, 'libturbojpeg.so.0'),
  );
}

function openLibrary(load: typeof loadLibrary, path: string): Library | undefined {
  try {
    const file = load(path);
    const library = {
      init: file.func('void *tj3Init(int)'),
      destroy: file.func('void tj3Destroy(void *)'),
      set: file.func('int tj3Set(void *, int, int)'),
      get: file.func('int tj3Get(void *, int)'),
      decompress: file.func('int tj3Decompress8(void *, const void *, size_t, void *, int, int)'),
    } as Library;
    const handle = library.init(DECOMPRESS);
    const isLimited = library.set(handle, MAX_PIXELS, 1) === SUCCESS;
    library.destroy(handle);
    return isLimited ? library : undefined;
  } catch {
    return undefined;
  }
}

async function decode(
  library: Library,
  bytes: Uint8Array,
  { height, width }: ImageSize,
): Promise<RgbImage | undefined> {
  const handle = library.init(DECOMPRESS);
  try {
    const data = takeMemory(height * width * CHANNELS);
    inUse.set(handle, [bytes, data]);
    library.set(handle, STOP_ON_WARNING, 1);
    // Whatever the file says when it is read again, no more than that is written.
    library.set(handle, MAX_PIXELS, height * width);
    const status = await new Promise<number>((resolve, reject) => {
      library.decompress.async(handle, bytes, bytes.length, data, 0, RGB, (error, result) => {
        if (error) reject(new Error('libjpeg-turbo could not be called', { cause: error }));
        else resolve(result);
      });
    });
    const isThatSize =
      library.get(handle, JPEG_HEIGHT) === height && library.get(handle, JPEG_WIDTH) === width;
    if (status === SUCCESS && isThatSize) return { data, height, width };
    giveBackMemory(data);
    return undefined;
  } catch {
    // There is a limit of calls at once, and of memory.
    return undefined;
  } finally {
    inUse.delete(handle);
    library.destroy(handle);
  }
}

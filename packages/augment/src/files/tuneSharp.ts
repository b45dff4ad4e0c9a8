import sharp from 'sharp';

/**
 * Sets sharp up for a program, such as the worker of a loader, that decodes many images once each:
 * one thread for an image, and no cache of operations, which never holds one that comes again. These
 * are settings of sharp for the whole process.
 */
export function tuneSharp(): void {
  sharp.concurrency(1);
  sharp.cache(false);
}

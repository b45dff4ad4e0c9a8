import { PassThrough } from 'node:stream';

import type { Output } from '@protocl/pipeline';

/** A stream that keeps what is written to it, and takes itself for a terminal if it is told to. */
export function recorder(isTTY: boolean) {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const output = Object.assign(stream, { isTTY, columns: 200 }) as unknown as Output;
  return { output, text: () => text };
}

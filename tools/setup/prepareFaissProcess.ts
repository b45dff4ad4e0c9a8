import { prepareFaissNode } from '@protocl/clustering';
import { isProtoclError } from '@protocl/core';
import type { FaissReply } from './faissNode.mjs';

function reply(message: FaissReply): void {
  process.send?.(message);
}

try {
  reply(await prepareFaissNode({ log: (line) => console.error(`set-up: faiss-node: ${line}`) }));
} catch (error) {
  // Anything but the package's own error is a defect, to be shown with its stack.
  if (!isProtoclError(error)) throw error;
  reply({ unavailable: error.message });
}

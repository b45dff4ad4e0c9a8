import { prepareTorch, TorchBackendError } from '@protocl/tfjs-backend-torch';
import type { TorchReply } from './torch.mjs';

function reply(message: TorchReply): void {
  process.send?.(message);
}

try {
  reply({ prepared: await prepareTorch({ log: (line) => console.error(`set-up: torch: ${line}`) }) });
} catch (error) {
  // Anything but the package's own error is a defect, to be shown with its stack.
  if (!(error instanceof TorchBackendError)) throw error;
  reply({ unavailable: error.message });
}

// Finds libtorch and compiles the addon, and insists on one that was built for CUDA.
import { prepareTorch } from '@protocl/tfjs-backend-torch';

const { libtorch } = await prepareTorch({ log: (line) => console.log(line) });
if (libtorch.cuda) {
  console.log(`libtorch ${libtorch.version} with CUDA in ${libtorch.root}`);
} else {
  console.log(
    `libtorch ${libtorch.version} in ${libtorch.root} was built without CUDA. ` +
      'Set PROTOCL_LIBTORCH to the torch folder of a PyTorch that was built for it.',
  );
  process.exitCode = 1;
}

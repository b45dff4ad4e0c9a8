/** Run by a test as a process of its own: prepares with the C++ folder of the first argument and tells the steps. */
import { prepareTorch } from '../src/libtorch/prepare.js';

const { addonPath } = await prepareTorch({
  nativeFolder: process.argv[2] ?? '',
  allowFetch: false,
  log: (line) => console.log(line),
});
console.log(addonPath);

import { jestConfig } from '../../tools/jest/preset.mjs';
import { findBrowser } from '../../tools/setup/findBrowser.mjs';

export default async () => {
  // `npm test` has looked for one already, and says so if there is none.
  if (process.env['PROTOCL_TEST_BROWSER'] === undefined) {
    const found = await findBrowser();
    process.env['PROTOCL_TEST_BROWSER'] = 'path' in found ? found.path : 'unavailable';
  }
  return jestConfig(import.meta.url);
};

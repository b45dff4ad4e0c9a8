import { afterAll, beforeAll, test } from '@jest/globals';
import puppeteer, { type Browser } from 'puppeteer-core';

import { esbuildBundle } from '../bundle.js';
import { expectFindings } from '../expectFindings.js';
import type { Findings } from '../pages/page.js';

const TIME_LIMIT = 600_000;

let browser: Browser;
beforeAll(async () => {
  browser = await puppeteer.launch({
    executablePath: process.env['PROTOCL_TEST_BROWSER']!,
    headless: 'shell',
    // Root in a container has no sandbox; WebGL is computed by the processor.
    args: [
      '--no-sandbox',
      '--no-zygote',
      '--disable-dev-shm-usage',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
    ],
    timeout: 120_000,
    protocolTimeout: TIME_LIMIT,
  });
}, TIME_LIMIT);
afterAll(() => browser.close());

/** What a page's program told; evaluated in the browser. */
function runInPage(script: string): Promise<{ found?: Findings; error?: string }> {
  return new Promise((resolve) => {
    const page = globalThis as { tellFindings?: (found?: Findings, error?: string) => void };
    page.tellFindings = (found, error) =>
      resolve(found ? { found } : { error: error ?? 'nothing was found' });
    (0, eval)(script);
  });
}

// Half a minute each for the others, which the processor takes to compile and run the shaders.
test.each(['backend', 'clustering', 'encoders', 'losses'] as const)(
  'a page that uses %s runs in Chromium, on WebGL',
  async (name) => {
    const { script } = await esbuildBundle(name, 'webgl');
    const page = await browser.newPage();
    try {
      await page.goto('about:blank');
      const { found, error } = await page.evaluate(runInPage, script);
      if (found === undefined) throw new Error(error);
      expectFindings(found);
    } finally {
      await page.close();
    }
  },
  TIME_LIMIT,
);

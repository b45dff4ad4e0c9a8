import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { watchRun } from '@protocl/report';
import type { Browser } from 'puppeteer-core';

import { openPage, startBrowser } from './browser.js';
import { sampleLog } from './sampleRuns.js';

jest.setTimeout(300_000);

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-'));
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

test('the page of a run that goes on keeps up with its log', async () => {
  const log = sampleLog({ epochs: 2 }).map((entry) => `${JSON.stringify(entry)}\n`);
  await writeFile(join(folder, 'config.json'), '{"config":{"seed":1}}');
  await writeFile(join(folder, 'log.jsonl'), log.slice(0, 6).join(''));
  const watched = await watchRun(folder, { intervalMs: 50 });
  const { page, complaints, requests } = await openPage(browser, watched.url);
  const status = () => page.$eval('.status', ({ textContent }) => textContent);
  expect(await status()).toBe('epoch 0.2 of 4');
  await page.waitForSelector('[data-figure="training-loss"] canvas');
  const drawn = await page.$eval('[data-figure="training-loss"] canvas', (canvas) => {
    canvas.setAttribute('data-kept', '');
    return canvas.toDataURL();
  });
  await appendFile(join(folder, 'log.jsonl'), log.slice(6, 10).join(''));
  await page.waitForFunction(() => document.querySelector('.status')?.textContent === 'epoch 1 of 4');
  // The same chart, with more in it.
  await page.waitForFunction(() => new Promise((resolve) => setTimeout(() => resolve(true), 200)));
  const longer = await page.$eval('[data-figure="training-loss"] [data-kept]', (canvas) =>
    (canvas as HTMLCanvasElement).toDataURL(),
  );
  expect(longer === drawn).toBe(false);
  // An epoch has numbers that have no figure yet.
  await appendFile(join(folder, 'log.jsonl'), log.slice(10).join(''));
  await page.waitForSelector('[data-figure="epoch-tensors"]');
  expect({ complaints, requests }).toEqual({ complaints: [], requests: [`${watched.url}events`] });
  await page.close();
  await watched.close();
});

import puppeteer, { type Browser, type Page } from 'puppeteer-core';

export async function startBrowser(): Promise<Browser> {
  return puppeteer.launch({
    executablePath: process.env['PROTOCL_TEST_BROWSER']!,
    headless: 'shell',
    // Root in a container has no sandbox, a small one little shared memory.
    args: ['--no-sandbox', '--no-zygote', '--disable-gpu', '--disable-dev-shm-usage'],
    timeout: 120_000,
    protocolTimeout: 300_000,
  });
}

/** A page, and what it did that it should not. */
export interface OpenedPage {
  readonly page: Page;
  /** Messages of errors and warnings on the console, and uncaught exceptions. */
  readonly complaints: string[];
  /** What it asked for besides itself. */
  readonly requests: string[];
}

export async function openPage(browser: Browser, url: string): Promise<OpenedPage> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warn') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) requests.push(request.url());
  });
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(url, { waitUntil: 'load', timeout: 120_000 });
  return { page, complaints, requests };
}

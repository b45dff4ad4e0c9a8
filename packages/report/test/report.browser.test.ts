import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { writeReport, type ReportExtras, type ReportInput } from '@protocl/report';
import type * as EChartsModule from 'echarts';
import type { Browser, Page } from 'puppeteer-core';

import { openPage, startBrowser, type OpenedPage } from './browser.js';
import { sampleExtras, sampleRun } from './sampleRuns.js';

/** The page has it as a global. */
declare const echarts: typeof EChartsModule;

jest.setTimeout(300_000);

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

async function opened(name: string, runs: readonly ReportInput[]): Promise<OpenedPage> {
  const { page } = await writeReport(join(folder, name), runs);
  return openPage(browser, pathToFileURL(page).href);
}

/** The chart of an embedding, drawn, in the middle of the screen. */
async function embeddingChart(page: Page) {
  const place = (await page.waitForSelector('[data-embedding]'))!;
  await place.evaluate((element) => element.scrollIntoView({ block: 'center' }));
  await page.waitForSelector('[data-embedding] canvas');
  const box = (await place.boundingBox())!;
  return { place, box };
}

const points = (page: Page) =>
  page.$eval('[data-embedding]', (place) => Number((place as HTMLElement).dataset['points']));

/** Points at a point of the embedding, and reads what the page tells of it. */
async function pointAt(
  page: Page,
  { x, y }: { readonly x: number; readonly y: number },
): Promise<string | undefined> {
  const { box } = await embeddingChart(page);
  const [left, top] = await page.$eval(
    '[data-embedding]',
    (place, position) =>
      echarts.getInstanceByDom(place as HTMLElement)!.convertToPixel({ seriesIndex: 0 }, position),
    [x, y],
  );
  await page.mouse.move(box.x + 2, box.y + 2);
  await page.mouse.move(box.x + left!, box.y + top!, { steps: 3 });
  return page.evaluate(() => {
    const shown = [...document.querySelectorAll('.point')].find((point) =>
      point.checkVisibility({ visibilityProperty: true }),
    );
    return shown?.textContent;
  });
}

/** Where the first point of a class is. */
function firstOf({ embedding }: ReportExtras, label: number): { readonly x: number; readonly y: number } {
  const point = embedding!.labels!.indexOf(label);
  return { x: embedding!.x[point]!, y: embedding!.y[point]! };
}

describe('the page', () => {
  test('shows every part of two runs, without a network and without complaints', async () => {
    const extras = await sampleExtras();
    const runs = [sampleRun({ extras }), sampleRun({ name: 'other', seed: 2 })];
    const { page, complaints, requests } = await opened('whole', runs);
    await page.evaluate(async () => {
      // Charts are drawn as they come into sight.
      for (let y = 0; y < document.body.scrollHeight; y += 500) {
        scrollTo(0, y);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
    const titles = await page.$$eval('section:not([hidden]) h2', (all) =>
      all.map(({ textContent }) => textContent),
    );
    expect(titles).toEqual([
      ...[
        'Runs',
        'Scores',
        'Curves',
        'Embedding',
        'Clusters',
        'Prototype tree',
        'Retrievals',
        'Surest predictions',
        'Concentration',
      ],
      ...['Confusion', 'Configuration', 'Environment', 'Messages'],
    ]);
    const charts = await page.$$eval('.chart', (all) =>
      all.map((place) => place.querySelector('canvas') !== null),
    );
    expect(charts.length).toBeGreaterThan(12);
    expect(charts).toEqual(charts.map(() => true));
    // Seeds differ, the rest does not.
    const marked = await page.$$eval('tr.differs td:first-child', (all) =>
      all.map(({ textContent }) => textContent),
    );
    expect(marked).toEqual(['name', 'seed']);
    expect(await page.$eval('#scores', ({ textContent }) => textContent)).toContain('61.23');
    expect({ complaints, requests }).toEqual({ complaints: [], requests: [] });
    await page.close();
  });

  test('tells of the point under the pointer, and filters by class', async () => {
    const extras = await sampleExtras();
    const [cat, dog] = [firstOf(extras, 0), firstOf(extras, 1)];
    const { page, complaints } = await opened('hover', [sampleRun({ extras })]);
    await embeddingChart(page);
    expect(await points(page)).toBe(200);
    expect(await pointAt(page, cat)).toMatch(/^catprototype \d of 4prototype \d of 8$/);
    expect(await pointAt(page, dog)).toMatch(/^dogprototype \d of 4prototype \d of 8$/);

    await page.locator('::-p-xpath(//section[@id="embedding"]//button[contains(., "dog")])').click();
    const dogs = extras.embedding!.labels!.filter((label) => label === 1).length;
    expect(await points(page)).toBe(dogs);
    expect(await pointAt(page, dog)).toMatch(/^dogprototype/);
    expect(await pointAt(page, cat)).toBeUndefined();

    await page.select('section#embedding select', 'colour: prototype of 8');
    expect(await points(page)).toBe(dogs);
    expect(await pointAt(page, dog)).toMatch(/^dogprototype/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a class that is called like a script does nothing', async () => {
    const name = '<script>document.title="hit";alert(1)</script><img src=x onerror="document.title=\'hit\'">';
    const extras = await sampleExtras({
      classNames: [name, '</script><script>alert(2)</script>', '<!--<b>'],
    });
    const run = { ...sampleRun({ name: `run${name}`, extras }), folder: name };
    const { page, complaints, requests } = await opened('script', [run]);
    await embeddingChart(page);
    for (const [label, className] of extras.embedding!.classNames!.entries()) {
      expect((await pointAt(page, firstOf(extras, label)))?.startsWith(className)).toBe(true);
    }
    for (const section of ['#confusion', '#concentration', '#curves', '#tree', '#retrievals', '#gallery']) {
      await page.$eval(section, (element) => element.scrollIntoView());
      const chart = await page.$(`${section} .chart`);
      const box = await chart?.boundingBox();
      if (box) await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 5 });
    }
    expect(await page.title()).toContain('<script>');
    expect(await page.$$eval('main img, main script', (all) => all.length)).toBe(0);
    expect({ complaints, requests }).toEqual({ complaints: [], requests: [] });
    await page.close();
  });

  test('what gets past the escaping does not run either', async () => {
    const { page } = await opened('policy', [sampleRun()]);
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "hit"';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="document.title=\'hit\'">');
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await page.title()).toBe('sample - protocl');
    await page.close();
  });

  test('is light or dark, as the system or the button says', async () => {
    const { page, complaints } = await opened('theme', [sampleRun({ extras: await sampleExtras() })]);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    const dark = await ground();
    await page.click('#theme');
    const light = await ground();
    expect([dark, light]).toEqual(['rgb(20, 23, 27)', 'rgb(255, 255, 255)']);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each([1280, 390])(
    'a table of all runs has the whole width, and whole words: %i pixels',
    async (width) => {
      const arms = ['pcl', 'pcl without prototypes', 'moco'];
      const columns = Array.from({ length: 9 }, (_, at) => `${2 ** at}-shot %`);
      const rows = arms.map((name) => ({ name, values: columns.map(() => '41.50 ± 1.20') }));
      const runs = arms.map((name) => sampleRun({ name }));
      const table = { title: 'all arms', protocol: 'mean ± standard deviation', columns, rows };
      const { page: path } = await writeReport(join(folder, `overview-${width}`), runs, {
        overview: [table],
      });
      const { page } = await openPage(browser, pathToFileURL(path).href);
      await page.setViewport({ width, height: 900 });
      const seen = await page.$eval('#overview', (section) => ({
        isFirst: section === document.querySelector('section:not([hidden])'),
        panel: section.querySelector('.panel')!.clientWidth,
        page: document.documentElement.scrollWidth,
        heights: [...section.querySelectorAll('td, th')].map((cell) => cell.clientHeight),
      }));
      expect(seen.isFirst).toBe(true);
      expect(seen.panel).toBeGreaterThan(width - 60);
      expect(seen.page).toBeLessThanOrEqual(width);
      // One line each.
      expect(Math.max(...seen.heights)).toBeLessThan(32);
      await page.close();
    },
  );

  test('fits a phone', async () => {
    const { page } = await opened('phone', [
      sampleRun({ extras: await sampleExtras() }),
      sampleRun({ name: 'other' }),
    ]);
    await page.setViewport({ width: 360, height: 740, isMobile: true, hasTouch: true });
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    const { wide, screen } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      screen: innerWidth,
    }));
    expect(wide).toBeLessThanOrEqual(screen);
    await page.close();
  });

  test('10,000 points move at more than 30 frames a second', async () => {
    const extras = await sampleExtras({
      points: 10_000,
      classNames: Array.from({ length: 10 }, (_, i) => `class ${i}`),
    });
    const { page, complaints } = await opened('fast', [sampleRun({ extras })]);
    const { box } = await embeddingChart(page);
    expect(await points(page)).toBe(10_000);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.wheel({ deltaY: -300 });
    await page.evaluate(() => {
      const counter = window as unknown as { frames: number[] };
      counter.frames = [];
      const next = (time: number) => {
        counter.frames.push(time);
        requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    });
    const canvas = async () => page.$eval('[data-embedding] canvas', (drawn) => drawn.toDataURL());
    const before = await canvas();
    await page.mouse.down();
    await page.evaluate(() => ((window as unknown as { frames: number[] }).frames.length = 0));
    const until = performance.now() + 3000;
    for (let move = 0; performance.now() < until; move++) {
      await page.mouse.move(x + 80 * Math.sin(move / 10), y + 80 * Math.cos(move / 10));
    }
    const frames = await page.evaluate(() => (window as unknown as { frames: number[] }).frames);
    await page.mouse.up();
    const rate = (1000 * (frames.length - 1)) / (frames.at(-1)! - frames[0]!);
    console.info(`10,000 points: ${rate.toFixed(0)} frames a second`);
    expect((await canvas()) === before).toBe(false);
    expect(rate).toBeGreaterThan(30);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

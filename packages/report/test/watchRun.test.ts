import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { watchRun, type WatchedRun } from '@protocl/report';

import { sampleLog } from './sampleRuns.js';

let folder: string;
let watched: WatchedRun;
const log = sampleLog({ epochs: 2 }).map((entry) => `${JSON.stringify(entry)}\n`);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-'));
  await writeFile(join(folder, 'config.json'), '{"config":{"seed":1}}');
  await writeFile(join(folder, 'log.jsonl'), log.slice(0, 6).join(''));
  watched = await watchRun(folder, { intervalMs: 20 });
});
afterEach(async () => {
  await watched.close();
  await rm(folder, { recursive: true });
});

function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    request(url, { headers, method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    })
      .on('error', reject)
      .end();
  });
}

/** The parts that the server sends, until one is as asked. */
function partWith(url: string, isWanted: (part: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}events`, (response) => {
      let rest = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const events = (rest + chunk).split('\n\n');
        rest = events.pop()!;
        const found = events.map((event) => event.replace(/^event: part\ndata: /, '')).find(isWanted);
        if (found === undefined) return;
        sent.destroy();
        resolve(found);
      });
      response.on('error', () => undefined);
    });
    sent.on('error', reject).end();
  });
}

describe('watchRun', () => {
  test('serves the page on this machine alone', async () => {
    expect(watched.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const { status, text } = await get(watched.url);
    expect(status).toBe(200);
    expect(text).toContain('"live":true');
    expect(text).toContain("connect-src 'self'");
  });

  test('tells what is added to the log, half a line included', async () => {
    const told = partWith(watched.url, (part) => part.startsWith('{"curves"') && part.includes('tensors'));
    const rest = log.slice(6).join('');
    await appendFile(join(folder, 'log.jsonl'), rest.slice(0, 300));
    await new Promise((resolve) => setTimeout(resolve, 60));
    await appendFile(join(folder, 'log.jsonl'), rest.slice(300));
    const { curves } = JSON.parse(await told) as { curves: { id: string }[] };
    expect(curves.map(({ id }) => id)).toContain('epoch-tensors');
  });

  test('tells when the summary is there', async () => {
    const told = partWith(watched.url, (part) => part.startsWith('{"runs"') && part.includes('64.00'));
    await writeFile(join(folder, 'summary.json'), '{"status":"completed","knn":{"random":0.1,"final":0.64}}');
    expect(await told).toContain('knn accuracy');
  });

  test('refuses other hosts, methods and paths', async () => {
    expect((await get(watched.url, { host: 'evil.example' })).status).toBe(403);
    expect((await get(watched.url, { host: `localhost:${new URL(watched.url).port}` })).status).toBe(200);
    expect((await get(watched.url, {}, 'POST')).status).toBe(405);
    expect((await get(`${watched.url}config.json`)).status).toBe(404);
  });

  test('refuses a port that is taken, and a folder that is none of a run', async () => {
    const port = Number(new URL(watched.url).port);
    await expect(watchRun(folder, { port })).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE', given: port });
    await expect(watchRun(folder, { port: 70_000 })).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
    await expect(watchRun(join(folder, 'none'))).rejects.toMatchObject({ code: 'RUN_UNREADABLE' });
    await expect(watchRun(folder, { intervalMs: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  test('ends when it is told to, readers and all', async () => {
    const controller = new AbortController();
    const other = await watchRun(folder, { signal: controller.signal });
    const reading = get(`${other.url}events`).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    controller.abort();
    await other.closed;
    await reading;
    await expect(get(other.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

import * as fileSystem from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, jest, test } from '@jest/globals';

/** Once this is set there is no space left for checkpoints. */
let isFull = false;
const open: typeof fileSystem.open = async (path, flags, mode) => {
  const handle = await fileSystem.open(path, flags, mode);
  const write = handle.write.bind(handle) as (chunk: Uint8Array, offset: number) => Promise<unknown>;
  const limited = (chunk: Uint8Array, offset: number) =>
    isFull && String(path).includes('checkpoints')
      ? Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
      : write(chunk, offset);
  return Object.assign(handle, { write: limited });
};
jest.unstable_mockModule('node:fs/promises', () => ({ ...fileSystem, open }));
const { resume, train } = await import('@protocl/pipeline');
const { loadCheckpoint } = await import('@protocl/trainer');
const { decodeSafetensors } = await import('@protocl/encoders');
const { recorder } = await import('../recorder.js');
const { syntheticImages } = await import('../syntheticImages.js');
const { tinyConfig } = await import('../tinyConfig.js');

test('a full disk ends the run with the reason; the last checkpoint is whole, and the run goes on from it', async () => {
  const parent = await fileSystem.mkdtemp(join(tmpdir(), 'protocl-full-'));
  const images = { train: syntheticImages(48, 1) };
  const config = tinyConfig({ training: { epochs: 3 } });
  try {
    await train(config, { folder: join(parent, 'whole'), images });
    const { output, text } = recorder(false);
    output.on('data', () => (isFull ||= /epoch 2 done/.test(text())));
    const running = train(config, { folder: join(parent, 'run'), images, output });
    await expect(running).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(text()).toMatch(/can be resumed.*protocl train --resume .*run/);
    const folder = join(parent, 'run', 'checkpoints');
    const names = await fileSystem.readdir(folder);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) await loadCheckpoint(join(folder, name));
    isFull = false;
    await resume(join(parent, 'run'), { images });
    const weights = (run: string) => fileSystem.readFile(join(parent, run, 'encoder.safetensors'));
    expect(decodeSafetensors(await weights('run'))).toEqual(decodeSafetensors(await weights('whole')));
  } finally {
    await fileSystem.rm(parent, { recursive: true });
  }
}, 60_000);

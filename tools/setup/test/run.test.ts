import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { run } from '../run.mjs';

describe('run', () => {
  test('gives the exit code', async () => {
    expect(await run(process.execPath, ['-e', 'process.exit(7)'])).toBe(7);
  });

  test('gives 128 and the number of the signal that ended the child', async () => {
    expect(await run(process.execPath, ['-e', "process.kill(process.pid, 'SIGKILL')"])).toBe(137);
  });

  test('hands on messages and the environment', async () => {
    const received: unknown[] = [];
    const code = await run(process.execPath, ['-e', 'process.send({ value: process.env.GIVEN })'], {
      env: { GIVEN: 'this' },
      message: (message) => received.push(message),
    });
    expect({ code, received }).toEqual({ code: 0, received: [{ value: 'this' }] });
  });

  test('tells what the child prints', async () => {
    const told = { output: '', errorOutput: '' };
    const code = await run(process.execPath, ['-e', "console.log('out'); console.error('err')"], {
      output: (text) => (told.output += text),
      errorOutput: (text) => (told.errorOutput += text),
    });
    expect({ code, told }).toEqual({ code: 0, told: { output: 'out\n', errorOutput: 'err\n' } });
  });

  test('fails for a command that does not exist', async () => {
    await expect(run('/no/such/command', [])).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('hands on %s', async (signal) => {
    const child =
      "for (const s of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(s, () => { console.log(s); process.exit(3); });" +
      "setInterval(() => {}, 1000); console.log('ready');";
    const module = JSON.stringify(fileURLToPath(new URL('../run.mjs', import.meta.url)));
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { run } = await import(${module});` +
          `process.exit(await run(process.execPath, ['-e', ${JSON.stringify(child)}]));`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    parent.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (text.includes('ready')) parent.kill(signal);
    });
    const [code] = (await once(parent, 'close')) as [number];
    expect({ code, output }).toEqual({ code: 3, output: `ready\n${signal}\n` });
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { cacheDirectory, isProtoclError } from '@protocl/core';
import { afterAll, describe, expect, jest, test } from '@jest/globals';

import type { Peer } from '../../bench/peer.js';
import { EmptyRoot, type Call, type CallResult } from '../rehearse/emptyRoot.js';
import { verifyRoot } from '../rehearse/verifyRoot.js';
import { writeFakeTorch } from './fakeTorch.js';

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'empty-root-test-'));
const temporary = join(folder, 'temporary');
const modules = join(folder, 'modules');
mkdirSync(temporary);
writeFakeTorch(modules);
const python: Peer = { python: 'python3', modulePath: [modules], name: 'PyTorch 9.9' };
const environment = { ...process.env };
process.env['TMPDIR'] = temporary;
process.env['PROTOCL_SECRET'] = 'of the caller';

const lines: string[] = [];
const root = await EmptyRoot.open({ python, log: (line) => lines.push(line) }).catch((error: unknown) => {
  if (!isProtoclError(error, 'REHEARSAL_UNAVAILABLE')) throw error;
  console.warn(`empty roots are not tested. ${error.message}`);
  return null;
});
afterAll(async () => {
  await root?.close();
  process.env = environment;
  rmSync(folder, { recursive: true });
});

let calls = 0;
function run(command: string, options: Partial<Call> = {}): Promise<CallResult> {
  const out = join(folder, `out-${++calls}`);
  return root!.run({ command, out, timeoutSeconds: 30, ...options });
}

(root === null ? describe.skip : describe)('an empty root', () => {
  test('says what it has', () => {
    expect(lines).toEqual([
      expect.stringMatching(/Python 3\S+ with PyTorch 9\.9; .*g\+\+.*\/opt\/torch\/site/),
    ]);
  });

  test('has no Node and no make, nor anything else of this machine', async () => {
    const { output } = await run(
      'type -P node npm npx make cmake ninja git perl curl; ' +
        `ls -d ${process.execPath} ${join(import.meta.dirname, '..')} ${folder} /usr/include/node 2>/dev/null; ` +
        'ls /usr/include/node /usr/lib/node_modules /opt/torch 2>/dev/null | grep -v : ; ls -A /root/repo /tmp',
    );
    const left = output.split('\n').filter((line) => !['', '/usr/include/node'].includes(line));
    expect(left).toEqual(['site', '/root/repo:', '/tmp:']);
  });

  test('has the environment of a fresh login, none of the caller', async () => {
    const { output } = await run('env | cut -d= -f1 | sort | tr "\\n" " "; cat /proc/1/environ');
    expect(output).toMatch(/^HOME OUT PATH PWD SHLVL _ /);
    expect(output).not.toContain('PROTOCL');
  });

  test('reaches no network', async () => {
    const { output } = await run(
      'grep -c : /proc/net/dev; cat /sys/class/net/lo/operstate; ' +
        'for host in 127.0.0.1 192.0.2.1; do (: </dev/tcp/$host/80) 2>&1 | grep -o "unreachable" | head -n 1; done',
    );
    expect(output).toBe('1\ndown\nunreachable\nunreachable\n');
  });

  test('cannot change what it shows of this machine', async () => {
    const { output } = await run(
      'for path in /usr/bin/ls /usr/lib/x /opt/torch/site/torch/x /x; do (: >>$path) 2>&1; done',
    );
    expect(output.match(/Read-only file system/g)).toHaveLength(4);
  });

  test('compiles a library with OpenMP that its Python can load', async () => {
    const source = 'extern "C" int sum(int n) {\n int s = 0;\n#pragma omp parallel for reduction(+ : s)\n';
    writeFileSync(join(folder, 'sum.cc'), `${source} for (int i = 1; i <= n; i++) s += i;\n return s;\n}\n`);
    const { output } = await run(
      'g++ -fopenmp -fPIC -shared -o sum.so native/sum.cc && ldd sum.so | grep -c "libgomp.so.1 =>" && ' +
        'python3 -c "import ctypes; print(ctypes.CDLL(\\"./sum.so\\").sum(100))"; rm -f sum.so',
      { carried: [{ from: join(folder, 'sum.cc'), to: 'native/sum.cc' }] },
    );
    expect(output).toBe('1\n5050\n');
  });

  test('brings back OUT, what was printed and how it ended', async () => {
    const out = join(folder, 'back');
    const heard: string[] = [];
    const log = (line: string): unknown => heard.push(line);
    const result = await run('echo 1; echo 2 >&2; mkdir $OUT/a; echo 3 >$OUT/a/b; printf 4; exit 5', {
      out,
      log,
    });
    expect(result).toMatchObject({ code: 5, output: '1\n2\n4', timedOut: false });
    expect(heard).toEqual(['1', '2', '4']);
    expect(readFileSync(join(out, 'a/b'), 'utf8')).toBe('3\n');
    await expect(run('true', { out })).rejects.toMatchObject({ code: 'REHEARSAL_USAGE', given: ['a'] });
  });

  test('keeps what a call has made, not what it was sent', async () => {
    const part = join(folder, 'part');
    mkdirSync(part);
    writeFileSync(join(part, 'run'), '#!/bin/sh\necho "$0" >kept\n');
    chmodSync(join(part, 'run'), 0o755);
    await run('check/part-1/run', { carried: [{ from: part, to: 'check/part-1' }] });
    expect((await run('find * -type f; cat kept; rm kept')).output).toBe('kept\ncheck/part-1/run\n');
    await expect(run('true', { carried: [{ from: '/not/there', to: 'x' }] })).rejects.toMatchObject({
      code: 'REHEARSAL_USAGE',
    });
  });

  test('kills everything when the time is over, and when the command is', async () => {
    const out = join(folder, 'killed');
    const ticking = '(trap "" TERM HUP INT; while true; do date +%N >>$OUT/times; sleep 0.02; done)';
    const result = await run(`setsid bash -c '${ticking}' & echo begun; sleep 60`, {
      out,
      timeoutSeconds: 1.5,
    });
    expect(result).toMatchObject({ code: 137, output: 'begun\n', timedOut: true });
    expect(result.seconds).toBeLessThan(5);
    await expectStill(join(out, 'times'));

    const left = join(folder, 'left');
    await run(`setsid bash -c '${ticking}' & until [ -s $OUT/times ]; do sleep 0.05; done`, { out: left });
    await expectStill(join(left, 'times'));
  });

  test('is gone with its process, even a killed one', async () => {
    const out = join(folder, 'orphan');
    const before = readdirSync(temporary);
    const fromSource = ['--conditions=@protocl/source', '--import', 'tsx'];
    const parent = spawn(
      process.execPath,
      [...fromSource, join(import.meta.dirname, 'rehearsalParent.ts'), modules, out],
      { stdio: ['ignore', 'pipe', 'inherit'], env: process.env },
    );
    const left = () => readdirSync(temporary).filter((name) => name.startsWith('protocl-rehearsal-'));
    try {
      await once(parent.stdout, 'data');
      expect(left()).toHaveLength(2);
    } finally {
      parent.kill('SIGKILL');
    }
    for (let wait = 0; wait < 100 && left().length > 1; wait++) await sleep(50);
    expect(left()).toEqual(before.filter((name) => name.startsWith('protocl-rehearsal-')));
    await expectStill(join(out, 'times'));
  });

  test('refuses a root that is not what it has to be, naming all that is wrong', async () => {
    const bad = ['wrong: node is there, as /usr/bin/node', 'wrong: g++ cannot compile', 'found: x'].join(
      '\n',
    );
    const fake = {
      run: ({ out }: Call) => {
        mkdirSync(out);
        return Promise.resolve({ code: 0, output: bad, seconds: 1, timedOut: false });
      },
    };
    await expect(verifyRoot(fake, join(folder, 'verify'))).rejects.toMatchObject({
      code: 'REHEARSAL_ROOT_INVALID',
      message: expect.stringMatching(/node is there, as \/usr\/bin\/node; g\+\+ cannot compile/),
    });
  });

  const peers = cacheDirectory('peer');
  const peer = existsSync(peers) && readdirSync(peers).find((name) => existsSync(join(peers, name, 'torch')));
  const kind = peer ? 'the PyTorch of the benchmarks' : 'one that passes for PyTorch';
  test(`works with ${kind}, and leaves nothing when it is closed`, async () => {
    const found: string[] = [];
    const other = await EmptyRoot.open({
      python: { ...python, modulePath: [peer ? join(peers, peer) : modules] },
      log: (line) => found.push(line),
    });
    expect(found).toEqual([
      expect.stringMatching(/PyTorch (\d\S+); .*, PyTorch \1 in \/opt\/torch\/site\/torch$/),
    ]);
    const open = readdirSync(temporary).length;
    await other.close();
    await other.close();
    expect(readdirSync(temporary)).toHaveLength(open - 1);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(temporary);
  });
});

(process.platform === 'linux' ? test : test.skip)('says why there can be no empty root', async () => {
  const programs = join(folder, 'programs');
  mkdirSync(programs);
  const unshare = join(programs, 'unshare');
  writeFileSync(unshare, '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n');
  chmodSync(unshare, 0o755);
  const before = readdirSync(temporary).length;
  const { PATH } = process.env;
  process.env['PATH'] = `${programs}${delimiter}${PATH}`;
  try {
    await expect(EmptyRoot.open({ python, log: () => undefined })).rejects.toMatchObject({
      code: 'REHEARSAL_UNAVAILABLE',
      message: expect.stringContaining('unshare failed: Operation not permitted'),
      remedy: expect.stringContaining('--privileged'),
    });
  } finally {
    process.env['PATH'] = PATH;
  }
  expect(readdirSync(temporary)).toHaveLength(before);
});

/** Makes sure that nobody adds to a file any more, or at least soon does not. */
async function expectStill(path: string): Promise<void> {
  let size = -1;
  for (let wait = 0; wait < 20 && size !== statSync(path).size; wait++) {
    ({ size } = statSync(path));
    await sleep(200);
  }
  expect(statSync(path).size).toBe(size);
}

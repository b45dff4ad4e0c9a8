import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type ExtractedFile, extractZip } from './extractZip.js';
import { CPU_WHEEL_INDEX, PINNED_VERSION, WHEELS } from './pinnedTorch.js';
import { runCommand } from './runCommand.js';

/**
 * Downloads PyTorch's CPU wheel through pip and unpacks what compiling and running take.
 *
 * @param work an empty folder, for the wheel and what comes out of it
 * @returns the folder with `include` and `lib`
 * @throws Error that tells in one sentence why there is none
 */
export async function fetchWheel(work: string): Promise<string> {
  return unpackWheel(await downloadWheel(join(work, 'wheel')), join(work, 'unpacked'));
}

/** Unpacks a wheel of PyTorch; every file is checked against the wheel's RECORD. */
export async function unpackWheel(wheel: string, into: string): Promise<string> {
  await mkdir(into, { recursive: true });
  const files = await extractZip(wheel, into, (name) => isNeeded(name) || isRecord(name));
  const record = files.find((file) => isRecord(file.name));
  if (record === undefined) throw new Error(`${wheel} has no RECORD`);
  checkRecord(files, await readFile(join(into, record.name), 'utf8'));
  return join(into, 'torch');
}

function isNeeded(name: string): boolean {
  return /^torch\/(include|lib|share)\//.test(name) || name === 'torch/version.py';
}

function isRecord(name: string): boolean {
  return /^[^/]+\.dist-info\/RECORD$/.test(name);
}

function checkRecord(files: readonly ExtractedFile[], record: string): void {
  const listed = new Map<string, { sha256: string; bytes: number }>();
  for (const line of record.split(/\r?\n/)) {
    // A name with a comma in it is quoted; none of ours has one.
    const [name, sha256, bytes] = line.split(',');
    if (name !== undefined && sha256?.startsWith('sha256=') === true) {
      listed.set(name, { sha256: sha256.slice('sha256='.length), bytes: Number(bytes) });
    }
  }
  const extracted = new Map(files.map((file) => [file.name, file]));
  for (const file of files) {
    const expected = listed.get(file.name);
    if (isRecord(file.name)) continue;
    if (expected === undefined) throw new Error(`${file.name} is not in the wheel's RECORD`);
    if (expected.sha256 !== file.sha256 || expected.bytes !== file.bytes) {
      throw new Error(`${file.name} is not the file of the wheel's RECORD (its SHA-256 or its size differs)`);
    }
  }
  for (const name of listed.keys()) {
    if (isNeeded(name) && !extracted.has(name))
      throw new Error(`${name} of the wheel's RECORD is missing in the wheel`);
  }
}

async function downloadWheel(into: string): Promise<string> {
  await mkdir(into, { recursive: true });
  const failures: string[] = [];
  for (const choice of downloadChoices()) {
    const { code, output, failure } = await runCommand('python3', pipArguments(into, choice), {
      // A pip that insists on a virtual environment would refuse; nothing gets installed here.
      env: { ...process.env, PIP_REQUIRE_VIRTUALENV: '0', PIP_NO_INPUT: '1', LC_ALL: 'C' },
      timeout: 30 * 60_000,
    });
    const wheel = (await readdir(into)).find((name) => name.endsWith('.whl'));
    if (code === 0 && wheel !== undefined) return checkWheel(join(into, wheel), wheel);
    failures.push(failure ?? lastError(output));
    if (failure !== undefined) break;
  }
  throw new Error(failures[0] ?? 'pip brought no wheel');
}

/** The libraries in a wheel are the same for every Python, so one for another version serves as well. */
function downloadChoices(): string[][] {
  const isMac = process.platform === 'darwin';
  // Elsewhere on Linux the build without a label needs CUDA's libraries, which come as other packages.
  const requirement = isMac ? `torch==${PINNED_VERSION}` : `torch==${PINNED_VERSION}+cpu`;
  const machine = process.arch === 'arm64' ? (isMac ? 'arm64' : 'aarch64') : 'x86_64';
  const platform = isMac ? `macosx_14_0_${machine}` : `manylinux_2_28_${machine}`;
  const other = ['--implementation=cp', '--python-version=3.11', '--abi=cp311', `--platform=${platform}`];
  return [[requirement], [...other, requirement]];
}

function pipArguments(into: string, choice: readonly string[]): string[] {
  const patience = ['--timeout=15', '--retries=1', '--disable-pip-version-check', '--progress-bar=off'];
  const what = ['--no-deps', '--only-binary=:all:', `--extra-index-url=${CPU_WHEEL_INDEX}`, `--dest=${into}`];
  return ['-m', 'pip', 'download', ...patience, ...what, ...choice];
}

async function checkWheel(path: string, name: string): Promise<string> {
  const expected = WHEELS[name];
  if (expected === undefined) return path;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  const actual = hash.digest('hex');
  if (actual !== expected) throw new Error(`${name} has SHA-256 ${actual}, not ${expected}`);
  return path;
}

function lastError(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return (
    lines.findLast((line) => /error|No module/i.test(line)) ??
    lines.at(-1) ??
    'pip said nothing'
  ).trim();
}

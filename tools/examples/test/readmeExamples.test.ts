import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { workspaceRoot } from '../../setup/workspace.mjs';
import { readmeExample, withDependencies } from '../readmeExample.js';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const TIME_LIMIT = 600_000;
const packages = readdirSync(join(workspaceRoot, 'packages'));
const manifests = packages.map(
  (folder) =>
    JSON.parse(readFileSync(join(workspaceRoot, 'packages', folder, 'package.json'), 'utf8')) as Manifest,
);
const dependencies = Object.fromEntries(
  manifests.map((manifest) => [manifest.name, Object.keys(manifest.dependencies ?? {})]),
);
const lockFile = JSON.parse(readFileSync(join(workspaceRoot, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { version?: string }>;
};

const tarballs = new Map<string, string>();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'protocl-examples-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: undefined, FORCE_COLOR: undefined },
    shell: process.platform === 'win32',
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${String(status)}:\n${stdout}\n${stderr}`);
}

test.each(
  manifests.map(({ name }, index) => ({ name, root: join(workspaceRoot, 'packages', packages[index]!) })),
)(
  'the example of $name compiles and runs in an empty project, from what npm publishes',
  ({ name, root }) => {
    const { installed, program } = readmeExample(readFileSync(join(root, 'README.md'), 'utf8'));
    expect(installed).toContain(name);
    const ours = withDependencies(installed, dependencies);
    const others = installed.filter((each) => dependencies[each] === undefined);
    const project = mkdtempSync(join(folder, 'project-'));
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({
        type: 'module',
        dependencies: {
          ...Object.fromEntries(ours.map((each) => [each, `file:${tarballOf(each)}`])),
          ...Object.fromEntries(others.map((each) => [each, lockedVersion(each)])),
        },
        devDependencies: Object.fromEntries(
          ['typescript', '@types/node'].map((each) => [each, lockedVersion(each)]),
        ),
      }),
    );
    run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], project);
    writeFileSync(join(project, 'example.ts'), program);
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2022',
          module: 'NodeNext',
          strict: true,
          skipLibCheck: true,
          types: ['node'],
        },
        include: ['example.ts'],
      }),
    );
    run(process.execPath, [join(project, 'node_modules/typescript/bin/tsc'), '-p', project], project);
    run(process.execPath, ['example.js'], project);
  },
  TIME_LIMIT,
);

test.each(['4.8.0', '4.20.0'])(
  'all packages install beside TensorFlow.js %s, and there stays one tfjs-core',
  (version) => {
    const project = mkdtempSync(join(folder, 'older-'));
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ dependencies: { '@tensorflow/tfjs': version } }),
    );
    const install = ['install', '--package-lock-only', '--prefer-offline', '--no-audit', '--no-fund'];
    run('npm', install, project);
    run('npm', [...install, ...manifests.map(({ name }) => `file:${tarballOf(name)}`)], project);
    const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as typeof lockFile;
    const installed = Object.entries(lock.packages).filter(([path]) => path.endsWith('/tfjs-core'));
    expect(installed.map(([, { version: found }]) => found)).toEqual([version]);
  },
  TIME_LIMIT,
);

/** What npm would publish of one of our packages. */
function tarballOf(name: string): string {
  const known = tarballs.get(name);
  if (known !== undefined) return known;
  const root = join(workspaceRoot, 'packages', packages[manifests.findIndex((each) => each.name === name)]!);
  run(process.execPath, [join(workspaceRoot, 'node_modules/typescript/bin/tsc'), '-b', root], workspaceRoot);
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], root)) as [
    { filename: string },
  ];
  const path = join(folder, packed.filename);
  tarballs.set(name, path);
  return path;
}

function lockedVersion(name: string): string {
  const version = lockFile.packages[`node_modules/${name}`]?.version;
  if (version === undefined) throw new Error(`package-lock.json has no ${name}`);
  return version;
}

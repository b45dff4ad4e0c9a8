import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareFaiss } from './faissNode.mjs';
import { findBrowser } from './findBrowser.mjs';
import { testedProjects, testsThatNeed } from './projects.mjs';
import { run, typescriptFlags } from './run.mjs';
import { setUp } from './setup.mjs';
import { conformanceCounts, failedTasks, jestCounts } from './testCounts.mjs';
import { workspaceRoot } from './workspace.mjs';

/** @typedef {import('./projects.mjs').Project} Project */

/** The second is the processor by the ways that a GPU's tensors take. */
const CONFORMANCE_DEVICES = ['cpu', 'cpu:0'];

const targets = ['lint', 'typecheck', 'build', 'pack-check', 'test'];

let passed = 0;
let failed = 0;
/** @type {string[]} */
const summary = [];

const torch = await setUp();
const faiss = await prepareFaiss({ log: (line) => console.error(`set-up: ${line}`) });
const browser = await findBrowser();
console.error(
  `set-up: browser: ${'path' in browser ? browser.path : `NOT AVAILABLE, going on without it. ${browser.unavailable}`}`,
);
const projects = await testedProjects();
await Promise.all(projects.map((project) => rm(report(project), { force: true })));

const checks = await runChecks();
await countTests(checks.failedTasks);
for (const device of CONFORMANCE_DEVICES) await runConformance(device);
await countDefects();

console.log(`\n${summary.join('\n')}\n\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/**
 * Everything that Nx runs for each project, and what looks at the repository as a whole. What passes here is no test
 * and is not counted; what fails is.
 */
async function runChecks() {
  let output = '';
  const code = await run(
    process.execPath,
    [bin('nx/dist/bin/nx.js'), 'run-many', '-t', ...targets, '--output-style=static'],
    {
      env: {
        NX_DAEMON: 'false',
        NX_TUI: 'false',
        PROTOCL_TEST_TORCH: torch.fingerprint ?? 'unavailable',
        PROTOCL_TEST_FAISS: faiss.path ?? 'unavailable',
        PROTOCL_TEST_BROWSER: 'path' in browser ? browser.path : 'unavailable',
      },
      // Nx lists what has failed among its errors.
      errorOutput: (text) => (output += text),
    },
  );
  const tasks = failedTasks(output);
  if (code !== 0 && tasks.length === 0) tasks.push('nx');
  if ((await run(process.execPath, [bin('knip/bin/knip.js')])) !== 0) tasks.push('knip');
  if (
    (await run(process.execPath, [bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.'])) !==
    0
  ) {
    tasks.push('format:check');
  }
  const other = tasks.filter((task) => !task.endsWith(':test'));
  failed += other.length;
  summary.push(
    `checks (${targets.filter((target) => target !== 'test').join(', ')}, knip, format:check): ` +
      (other.length === 0 ? 'passed' : `FAILED ${other.join(' ')}`),
  );
  return { failedTasks: tasks };
}

/** @param {readonly string[]} tasks those that have failed */
async function countTests(tasks) {
  for (const project of projects) {
    const counts = await readReport(project);
    if (counts === null || (tasks.includes(`${project.name}:test`) && counts.failed === 0)) {
      failed += 1;
      summary.push(`${project.name}: FAILED, its tests ended before their report`);
      continue;
    }
    passed += counts.passed;
    failed += counts.failed;
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
    summary.push(`${project.name}: ${counts.passed} passed, ${counts.failed} failed${skipped}`);
  }
}

/** @param {Project} project */
async function readReport(project) {
  try {
    return jestCounts(JSON.parse(await readFile(report(project), 'utf8')));
  } catch {
    return null;
  }
}

/** @param {Project} project */
function report({ root }) {
  return join(workspaceRoot, root, 'test-results', 'jest.json');
}

/**
 * tfjs-core's own suite on torch.
 *
 * @param {string} device
 */
async function runConformance(device) {
  if (torch.fingerprint === null) return;
  let output = '';
  const main = join(workspaceRoot, 'tools', 'conformance', 'main.ts');
  const code = await run(process.execPath, [...typescriptFlags(), main, '--device', device], {
    output: (text) => (output += text),
  });
  const counts = conformanceCounts(output);
  if (counts === null || (code !== 0 && counts.failed === 0)) {
    failed += 1;
    summary.push(`conformance on ${device}: FAILED with code ${code}`);
  }
  if (counts === null) return;
  passed += counts.passed;
  failed += counts.failed;
  summary.push(
    `conformance on ${device}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} excluded`,
  );
}

/** What could not be tested for want of torch, faiss-node or a browser, and whether that is a fault of ours. */
async function countDefects() {
  if (torch.fingerprint === null) {
    await reportMissing('torch', 'torch', ["tfjs-core's own suite (tools/conformance)"], torch.defect);
  }
  if (faiss.path === null) await reportMissing('faiss', 'faiss-node', [], faiss.defect);
  if (!('path' in browser)) await reportMissing('browser', 'a browser', [], false);
}

/**
 * @param {'torch' | 'faiss' | 'browser'} needed
 * @param {string} name
 * @param {readonly string[]} others what was not run besides the test files
 * @param {boolean} defect
 */
async function reportMissing(needed, name, others, defect) {
  const files = (await Promise.all(projects.map((project) => testsThatNeed(project, needed)))).flat();
  summary.push(
    '',
    `NOT RUN, because ${name} is not available on this machine (the set-up says why, above):`,
    ...[...others, ...files].map((what) => `  NOT RUN  ${what}`),
  );
  if (!defect) return;
  failed += 1;
  summary.push(`${name}: FAILED, its set-up ended in an error that it does not know`);
}

/** @param {string} path of a command inside `node_modules` */
function bin(path) {
  return join(workspaceRoot, 'node_modules', path);
}

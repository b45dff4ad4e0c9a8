import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot } from './workspace.mjs';

/** @typedef {{ name: string, root: string }} Project the npm name, and the folder relative to the repository's root */

/**
 * The projects that have tests: the tools, and every package.
 *
 * @returns {Promise<Project[]>}
 */
export async function testedProjects() {
  const entries = await readdir(join(workspaceRoot, 'packages'), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join('packages', entry.name));
  const projects = await Promise.all([...folders, 'tools'].map(readProject));
  return projects.filter((project) => project !== null);
}

/**
 * @param {string} root
 * @returns {Promise<Project | null>}
 */
async function readProject(root) {
  let text;
  try {
    text = await readFile(join(workspaceRoot, root, 'package.json'), 'utf8');
  } catch {
    return null; // An empty folder, left behind by another branch.
  }
  const { name, scripts } = JSON.parse(text);
  return scripts?.test === undefined ? null : { name, root };
}

/**
 * The test files of a project that only mean something where torch, faiss-node or a browser is available. Their names
 * end in `.torch.test.ts`, `.faiss.test.ts` and `.browser.test.ts`.
 *
 * @param {Project} project
 * @param {'torch' | 'faiss' | 'browser'} needed
 * @returns {Promise<string[]>} relative to the repository's root
 */
export async function testsThatNeed({ root }, needed) {
  const files = await readdir(join(workspaceRoot, root), { recursive: true });
  return files
    .filter((file) => file.endsWith(`.${needed}.test.ts`) && !file.includes('node_modules'))
    .map((file) => join(root, file));
}

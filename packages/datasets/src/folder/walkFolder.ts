import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { SkippedEntry } from './imageFolder.js';

/** What Node puts in place of bytes that are no UTF-8; such a name can't be opened. */
const REPLACEMENT = '\ufffd';

/** Collects the files below a folder, in an order that depends on their names alone. */
export class FolderWalk {
  readonly files: string[] = [];
  readonly skipped: SkippedEntry[] = [];
  readonly #root: string;
  readonly #signal: AbortSignal | undefined;

  /** Decides by a file's name. */
  readonly wants: (name: string) => boolean;

  constructor(root: string, wants: (name: string) => boolean, signal?: AbortSignal) {
    this.#root = root;
    this.wants = wants;
    this.#signal = signal;
  }

  /**
   * The entries of a folder that are not hidden, sorted by UTF-16 code units: unlike a locale's order,
   * that is the same on every machine.
   */
  async entries(path: string): Promise<FolderEntry[]> {
    this.#signal?.throwIfAborted();
    let found: Dirent[];
    try {
      found = await readdir(join(this.#root, path), { withFileTypes: true });
    } catch (error) {
      // That the root can't be read is the caller's affair.
      if (path === '') throw error;
      this.skipped.push({ path, reason: `the folder could not be read (${codeOf(error)})` });
      return [];
    }
    const visible = found.filter(({ name }) => !name.startsWith('.'));
    visible.sort((a, b) => (a.name < b.name ? -1 : 1));
    const entries: FolderEntry[] = [];
    for (const entry of visible) {
      const entryPath = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.name.includes(REPLACEMENT)) {
        this.skipped.push({ path: entryPath, reason: 'its name is not UTF-8' });
        continue;
      }
      const kind = entry.isSymbolicLink() ? await this.#kindOfTarget(entryPath) : kindOf(entry);
      if (kind !== undefined) entries.push({ path: entryPath, name: entry.name, kind });
    }
    return entries;
  }

  /** Adds the wanted files of a folder and of all below it. */
  async collect(path: string): Promise<void> {
    await this.#collect(path, new Set([await realpath(this.#root)]));
  }

  /** @param visited real paths: each folder is read once, so loops of links end */
  async #collect(path: string, visited: Set<string>): Promise<void> {
    const real = await this.#realpath(path);
    if (real === undefined) return;
    if (path !== '' && visited.has(real)) {
      this.skipped.push({ path, reason: 'a link to a folder that is read already' });
      return;
    }
    visited.add(real);
    for (const entry of await this.entries(path)) {
      if (entry.kind === 'folder') await this.#collect(entry.path, visited);
      else this.#add(entry);
    }
  }

  #add({ path, name, kind }: FolderEntry): void {
    if (!this.wants(name)) return;
    if (kind === 'file') this.files.push(path);
    // Opening a pipe would wait for someone to write into it.
    else this.skipped.push({ path, reason: 'not a regular file' });
  }

  async #kindOfTarget(path: string): Promise<FolderEntry['kind'] | undefined> {
    try {
      return kindOf(await stat(join(this.#root, path)));
    } catch (error) {
      this.skipped.push({ path, reason: `a link that leads nowhere (${codeOf(error)})` });
      return undefined;
    }
  }

  async #realpath(path: string): Promise<string | undefined> {
    try {
      return await realpath(join(this.#root, path));
    } catch (error) {
      this.skipped.push({ path, reason: `the folder could not be read (${codeOf(error)})` });
      return undefined;
    }
  }
}

export interface FolderEntry {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
}

function kindOf(entry: Dirent | Stats): FolderEntry['kind'] {
  if (entry.isDirectory()) return 'folder';
  return entry.isFile() ? 'file' : 'other';
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

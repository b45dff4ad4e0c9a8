import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import type { Case, Sides } from '../harness/comparison.js';
import type { SideCommand } from '../harness/side.js';

// Every side is a process, and many tests start processes at the same time.
jest.setTimeout(60_000);

/** Two programs that only pretend to work, and what they were asked to do. */
export class FakeSides {
  readonly #folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
  readonly sides: Sides = { ours: this.side('ours'), peer: this.side('peer'), peerName: 'Fake 1.0' };
  readonly withoutPeer: Sides = { ours: this.side('ours'), peer: null, peerName: null };

  side(name: string): SideCommand {
    const script = join(import.meta.dirname, 'fakeSide.mjs');
    return { label: name, command: process.execPath, arguments: [script, name, this.#log] };
  }

  /** Lines such as `begin ours run`, in the order in which they happened. */
  get history(): string[] {
    return this.#lines.map((line) => line.replace(/ \d+$/, ''));
  }

  /** How many iterations each run of a side was asked for. */
  iterations(name: string): number[] {
    return this.#lines
      .filter((line) => line.startsWith(`begin ${name} run `))
      .map((line) => Number(line.split(' ').at(-1)));
  }

  /** Is aborted as soon as what has happened fulfils a condition, however fast the machine is. */
  signalOnce(condition: (history: readonly string[]) => boolean): AbortSignal {
    const controller = new AbortController();
    const timer = setInterval(() => {
      if (!existsSync(this.#log) || !condition(this.history)) return;
      clearInterval(timer);
      controller.abort();
    }, 10).unref();
    return controller.signal;
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true });
  }

  get #lines(): string[] {
    return readFileSync(this.#log, 'utf8').trim().split('\n');
  }

  get #log(): string {
    return join(this.#folder, 'log');
  }
}

/** A case for the fake sides; `seconds` are the times that they pretend to take, one after the other. */
export function fakeCase(changes: Partial<Case> = {}): Case {
  return {
    name: 'fake',
    measure: 'time',
    unit: 'ms',
    threads: 1,
    iterations: 1,
    ours: { seconds: [0.002] },
    peers: [{ variant: '', task: { seconds: [0.004] } }],
    ...changes,
  };
}

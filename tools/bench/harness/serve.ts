import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** What a side measures: prepared once, run many times. */
export interface PreparedTask {
  /** Versions of what runs underneath, such as `{ libtorch: '2.13.0' }`; they go into the environment. */
  readonly versions?: Readonly<Record<string, string>>;
  /**
   * Does the work `iterations` times and waits until it is done. The harness's clock runs around
   * it. What it returns is added to the reply.
   */
  run(iterations: number): Promise<TaskFigures | undefined> | TaskFigures | undefined;
}

/** Figures that a task reports besides its time. */
export type TaskFigures = Readonly<Record<string, number | readonly number[]>>;

/** The parameters of a `prepare` request. */
export type TaskParameters = Readonly<Record<string, unknown>>;

/**
 * Makes this process one side of a comparison: answers `prepare`, `run` and `memory` requests on
 * stdin until it is closed. Whatever else prints to stdout is sent to stderr instead.
 */
export async function serve(prepare: (parameters: TaskParameters) => Promise<PreparedTask>): Promise<void> {
  console.log = console.error;
  console.info = console.error;
  let task: PreparedTask | undefined;

  async function answer(request: TaskParameters): Promise<object> {
    if (request['cmd'] === 'prepare') {
      task = await prepare(request);
      return { versions: task.versions ?? {} };
    }
    if (request['cmd'] === 'memory') return { peakBytes: peakResidentBytes() };
    if (request['cmd'] !== 'run' || task === undefined) {
      throw new Error(`unexpected request ${JSON.stringify(request)}`);
    }
    const iterations = Number(request['iterations']);
    const start = performance.now();
    const figures = await task.run(iterations);
    return { ...figures, seconds: (performance.now() - start) / 1e3 };
  }

  for await (const line of createInterface({ input: process.stdin })) {
    let reply: object;
    try {
      reply = await answer(JSON.parse(line) as TaskParameters);
    } catch (error) {
      reply = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
  process.exit(0);
}

/** The most memory that was ever resident in this process, in bytes. */
function peakResidentBytes(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // No procfs: not Linux.
  }
  // Second choice, since Linux lets a child begin with the peak of the parent that forked it.
  return process.resourceUsage().maxRSS * 1024;
}

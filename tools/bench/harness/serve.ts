import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** What a side measures: prepared once, run many times. */
export interface PreparedTask {
  /** Versions of what runs underneath, such as `{ libtorch: '2.13.0' }`; they go into the environment. */
  readonly versions?: Readonly<Record<string, string>>;
  /**
   * Does the work `iterations` times. The harness's clock runs around it and `synchronize`. What it returns is added
   * to the reply.
   */
  run(iterations: number): Promise<TaskFigures | undefined> | TaskFigures | undefined;
  /** Waits until the device has done all that `run` gave it. Where it is missing, `run` itself waits. */
  synchronize?(): void;
  /** The most bytes of the device that were allocated at a time; null where there is no device to tell. */
  devicePeakBytes?(): number | null;
  /** Lets the peak begin anew. */
  resetDevicePeak?(): void;
  /** Frees what was prepared. */
  release?(): void;
}

/** Figures that a task reports besides its time: plain data. */
export type TaskFigures = Readonly<Record<string, unknown>>;

/** The parameters of a `prepare` request. */
export type TaskParameters = Readonly<Record<string, unknown>>;

/**
 * Makes this process one side of a comparison: answers requests on stdin until it is closed. Whatever else prints to
 * stdout is sent to stderr instead.
 */
export async function serve(prepare: (parameters: TaskParameters) => Promise<PreparedTask>): Promise<void> {
  console.log = console.error;
  console.info = console.error;
  let task: PreparedTask | undefined;

  async function answer(request: TaskParameters): Promise<object> {
    switch (request['cmd']) {
      case 'prepare':
        task = await prepare(request);
        return { versions: task.versions ?? {} };
      case 'memory':
        return { peakBytes: peakResidentBytes(), devicePeakBytes: task?.devicePeakBytes?.() ?? null };
      case 'libraries':
        // Our threads are those that the task was given.
        return { libraries: [] };
      case 'reset-memory':
        task?.resetDevicePeak?.();
        return {};
      case 'release':
        task?.release?.();
        task = undefined;
        return {};
      default:
        if (request['cmd'] === 'run' && task !== undefined) return timed(task, Number(request['iterations']));
        throw new Error(`unexpected request ${JSON.stringify(request)}`);
    }
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

/** Runs a task, and tells how long that took, and how long until the last call had returned. */
async function timed(task: PreparedTask, iterations: number): Promise<object> {
  const start = performance.now();
  const figures = await task.run(iterations);
  const hostSeconds = (performance.now() - start) / 1e3;
  if (task.synchronize === undefined) return { ...figures, seconds: hostSeconds };
  task.synchronize();
  return { ...figures, hostSeconds, seconds: (performance.now() - start) / 1e3 };
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

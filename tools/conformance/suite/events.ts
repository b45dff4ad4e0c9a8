/** How one spec ended. `excluded` are those that exclusions.ts leaves out, `skipped` those that tfjs-core itself does. */
export type SpecStatus = 'passed' | 'failed' | 'excluded' | 'skipped';

/** What the process that runs the suite tells the one that started it, as it happens. */
export type SuiteEvent =
  | { readonly type: 'started'; readonly spec: string; readonly id: number }
  | {
      readonly type: 'done';
      readonly spec: string;
      readonly file: string;
      readonly status: SpecStatus;
      readonly messages: readonly string[];
    }
  | { readonly type: 'suiteFailed'; readonly suite: string; readonly messages: readonly string[] }
  | { readonly type: 'finished'; readonly problem: string | undefined };

/** What the suite's process is told on its command line, as JSON. */
export interface SuiteSettings {
  readonly backend: BackendName;
  readonly device: string;
  /** The compiled addon; only for the backend `torch`. */
  readonly addonPath: string | undefined;
  /** The folder of the WebAssembly files; only for the backend `wasm`. */
  readonly wasmFolder: string;
  /** Part of a spec's name or file; all of them without it. */
  readonly filter: string | undefined;
  /** Full names of specs that are not run. */
  readonly excluded: readonly string[];
  /** The last spec that an earlier process has run, by its number; the suite goes on behind it. */
  readonly after?: number;
}

export const backendNames = ['torch', 'cpu', 'wasm'] as const;

export type BackendName = (typeof backendNames)[number];

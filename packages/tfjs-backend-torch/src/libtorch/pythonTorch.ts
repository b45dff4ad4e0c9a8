import { runCommand } from './runCommand.js';

/** What a Python knows of PyTorch. */
export interface PythonTorch {
  readonly executable: string;
  /** The `torch` folder, or null where there is none. */
  readonly torch: string | null;
  /** The folders that Python looks for packages in. */
  readonly path: readonly string[];
}

/** Where a `torch` would be imported from, told without importing it, which takes seconds. */
const PROBE = `
import importlib.util, json, sys
sys.path = [entry for entry in sys.path if entry]
spec = importlib.util.find_spec('torch')
found = spec.submodule_search_locations[0] if spec and spec.origin else None
print(json.dumps({'executable': sys.executable, 'torch': found, 'path': sys.path}))
`;

/** Asks `python3` of the PATH for its PyTorch; undefined where there is no Python that answers. */
export async function findPythonTorch(command = 'python3'): Promise<PythonTorch | undefined> {
  const { code, stdout } = await runCommand(command, ['-c', PROBE], { timeout: 20_000 });
  if (code !== 0) return undefined;
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as PythonTorch;
  } catch {
    return undefined;
  }
}

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { workspaceRoot } from './workspace.mjs';

/** @type {NodeJS.Signals[]} */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * @typedef {object} RunOptions
 * @property {Record<string, string | undefined>} [env] added to this process's environment
 * @property {string} [cwd] default: the root of the repository
 * @property {(text: string) => void} [output] told the child's standard output as it comes; it is shown all the same
 * @property {(text: string) => void} [errorOutput] the same for its standard error
 * @property {(message: unknown) => void} [message] told what the child sends by `process.send`
 * @property {boolean} [shell] whether a shell finds the command
 */

/**
 * Runs a command with this process's standard streams, handing on the signals that this process receives.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>} the exit code, as a shell would give it: 128 plus the signal's number for a child that a signal ended
 */
export function run(
  command,
  args,
  { env = {}, cwd = workspaceRoot, output, errorOutput, message, shell = false } = {},
) {
  return new Promise((resolve, reject) => {
    /** @type {import('node:child_process').StdioOptions} */
    const stdio = ['inherit', output ? 'pipe' : 'inherit', errorOutput ? 'pipe' : 'inherit'];
    if (message) stdio.push('ipc');
    const child = spawn(command, args, { cwd, shell, env: { ...process.env, ...env }, stdio });
    if (output) tell(output, child.stdout, process.stdout);
    if (errorOutput) tell(errorOutput, child.stderr, process.stderr);
    if (message) child.on('message', message);

    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      // A terminal sends Ctrl-C to the child as well; a second one would cut its orderly end short.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of forwarded) process.on(signal, forward);
    const settle = () => {
      for (const signal of forwarded) process.off(signal, forward);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('close', (code, signal) => {
      settle();
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/**
 * @param {(text: string) => void} told
 * @param {import('node:stream').Readable | null} from
 * @param {NodeJS.WriteStream} shown
 */
function tell(told, from, shown) {
  from?.setEncoding('utf8').on('data', (text) => {
    shown.write(text);
    told(text);
  });
}

/**
 * What Node needs to run the repository's TypeScript, packages resolved to each other's sources. Only to be called
 * once the npm packages are installed.
 */
export function typescriptFlags() {
  return ['--conditions=@protocl/source', '--import', import.meta.resolve('tsx')];
}

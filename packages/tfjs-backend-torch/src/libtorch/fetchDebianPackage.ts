import { runCommand } from './runCommand.js';

/** libtorch alone would bring the reference BLAS, which is many times slower. */
const PACKAGES = ['libtorch-dev', 'libopenblas0-pthread'];

/**
 * Installs Debian's or Ubuntu's libtorch where this user is root or `sudo` asks for no password.
 *
 * @returns the prefix that it is installed in
 * @throws Error that tells in one sentence why it is not
 */
export async function fetchDebianPackage(): Promise<string> {
  if (process.platform !== 'linux') throw new Error('only for Debian and Ubuntu');
  const known = await runCommand('apt-get', ['--version']);
  if (known.code !== 0) throw new Error('there is no apt-get');
  const asRoot = await rootCommand();
  // The lists of a fresh container are empty, and stale ones name files that the servers no longer have.
  await apt(asRoot, ['update'], 3 * 60_000);
  await apt(asRoot, ['install', '-y', '--no-install-recommends', ...PACKAGES], 20 * 60_000);
  return '/usr';
}

async function rootCommand(): Promise<string[]> {
  if (process.getuid?.() === 0) return [];
  const { code } = await runCommand('sudo', ['-n', 'true']);
  if (code !== 0) throw new Error('apt-get needs root, and sudo is not there or asks for a password');
  return ['sudo', '-n'];
}

async function apt(asRoot: readonly string[], args: readonly string[], timeout: number): Promise<void> {
  const settings = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C'];
  const [command = '', ...rest] = [...asRoot, ...settings, 'apt-get', '-q', ...args];
  const { code, output, failure } = await runCommand(command, rest, { timeout });
  if (code === 0) return;
  const error = output.split('\n').findLast((line) => line.startsWith('E: '));
  throw new Error(`apt-get ${args[0]} failed: ${failure ?? error ?? `exit code ${code}`}`);
}

import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The names under which systems have Chromium, and where it is outside of the PATH. */
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Long enough for a busy machine, since a browser that does not start never answers. */
const answerWithinMs = 60_000;

/**
 * Finds a Chromium that starts here: `CHROME_PATH`, one that is installed, or else the one that the npm package
 * @sparticuz/chromium carries, unpacked into the folder for temporary files.
 *
 * @returns {Promise<{ path: string } | { unavailable: string }>}
 */
export async function findBrowser() {
  const given = process.env['CHROME_PATH'];
  const searched = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  /** @type {string[]} */
  const failures = [];
  for (const path of given === undefined ? [...searched, ...places] : [given]) {
    if (given === undefined && !(await exists(path))) continue;
    const failure = await startFailure(path);
    if (failure === null) return { path };
    failures.push(`${path}: ${failure}`);
  }
  if (given === undefined) {
    const carried = await carriedBrowser().catch((error) => String(error));
    const failure = carried.startsWith('/') ? await startFailure(carried) : carried;
    if (failure === null) return { path: carried };
    failures.push(`@sparticuz/chromium: ${failure}`);
  }
  return {
    unavailable: `No Chromium starts here (${failures.join('; ')}). Install one, or name it by CHROME_PATH.`,
  };
}

/** @returns {Promise<string>} */
async function carriedBrowser() {
  if (process.platform !== 'linux') return 'it is for Linux alone';
  // Not before it is needed: the set-up that installs it is written in the same folder.
  const { default: chromium } = await import('@sparticuz/chromium');
  return chromium.executablePath();
}

/** @param {string} path */
async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Why a browser does not start; null for one that does.
 *
 * @param {string} path
 * @returns {Promise<string | null>}
 */
function startFailure(path) {
  return new Promise((resolve) => {
    const child = spawn(path, ['--version', '--headless', '--no-sandbox'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its timer holds up no process, as that of the option timeout does after a failure to start.
      signal: AbortSignal.timeout(answerWithinMs),
    });
    let output = '';
    child.stdout.on('data', (/** @type {Buffer} */ chunk) => (output += chunk));
    child.stderr.on('data', (/** @type {Buffer} */ chunk) => (output += chunk));
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => {
      resolve(code === 0 && /chrom/i.test(output) ? null : output.trim().slice(0, 200) || `code ${code}`);
    });
  });
}

// A side whose work is to say that it takes a given time. It appends what it is asked to a log that
// all fake sides share, so that a test can see the order.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @typedef {object} FakeTask
 * @property {readonly number[]} seconds what the runs pretend to take, one after the other
 * @property {number} [peakBytes] memory that it pretends to have used, to which each run adds a byte
 * @property {number} [devicePeakBytes] memory of a device that it pretends to have used
 * @property {number} [hostSeconds] what it pretends an iteration to take on the host
 * @property {number} [prepareSeconds] what it takes to be prepared
 * @property {boolean} [unsupported]
 * @property {readonly object[]} [libraries] what it pretends to compute with
 * @property {number} [failAt] the run that reports an error
 * @property {number} [exitAt] the run in which the process ends
 * @property {number} [hangAt] the run that is never answered
 */

const [name = '', log = ''] = process.argv.slice(2);
/** @type {FakeTask} */
let task = { seconds: [] };
let runs = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const reply = answer(request);
  if (request.cmd === 'prepare') await sleep(1e3 * (task.prepareSeconds ?? 0));
  if (reply === undefined) continue;
  note('end', request);
  console.log(JSON.stringify(reply));
}

/** @typedef {{ cmd: string, iterations?: number }} Request */

/**
 * @param {'begin' | 'end'} what
 * @param {Request} request
 */
function note(what, { cmd, iterations }) {
  appendFileSync(log, `${[what, name, cmd, iterations].join(' ').trim()}\n`);
}

/** @param {Request} request */
function answer(request) {
  note('begin', request);
  if (request.cmd === 'prepare') {
    task = /** @type {any} */ (request);
    if (task.unsupported) return { unsupported: 'not in this version' };
    console.log('a line that is no reply');
    return { versions: { [name]: '1.0' } };
  }
  if (request.cmd === 'memory') {
    return { peakBytes: (task.peakBytes ?? 0) + runs, devicePeakBytes: task.devicePeakBytes };
  }
  if (request.cmd === 'reset-memory') return {};
  if (request.cmd === 'libraries') return { libraries: librariesHere() };
  if (request.cmd === 'release') {
    task = { seconds: [] };
    return {};
  }
  if (task.failAt === runs) return { error: 'out of luck' };
  if (task.hangAt === runs) return undefined;
  if (task.exitAt === runs) {
    console.error('something is badly wrong');
    process.exit(7);
  }
  // Of a check, not of a measurement: what the environment says.
  if (process.env['FAKE_LOSSES']) return { seconds: 1, losses: JSON.parse(process.env['FAKE_LOSSES']) };
  if (process.env['FAKE_KERNELS']) return { seconds: 1, kernels: JSON.parse(process.env['FAKE_KERNELS']) };
  if (process.env['FAKE_SCORES']) return { seconds: 1, scores: JSON.parse(process.env['FAKE_SCORES']) };
  const iterations = request.iterations ?? 0;
  const seconds = (task.seconds[runs++ % task.seconds.length] ?? 0) * iterations;
  return { seconds, ...(task.hostSeconds && { hostSeconds: task.hostSeconds * iterations }) };
}

/** As a task says, or as an OpenBLAS would have it that does not know the processor, unless the environment does. */
function librariesHere() {
  const architecture = process.env['OPENBLAS_CORETYPE'] ?? process.env['FAKE_ARCHITECTURE'];
  if (architecture === undefined) return task.libraries ?? [];
  return [{ name: 'OpenBLAS', version: '0.3.15', architecture, threads: 2, package: 'fake' }];
}

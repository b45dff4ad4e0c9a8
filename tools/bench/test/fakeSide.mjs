// A side whose work is to say that it takes a given time. It appends what it is asked to a log that
// all fake sides share, so that a test can see the order.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * @typedef {object} FakeTask
 * @property {readonly number[]} seconds what the runs pretend to take, one after the other
 * @property {number} [peakBytes] memory that it pretends to have used, to which each run adds a byte
 * @property {boolean} [unsupported]
 * @property {number} [failAt] the run that reports an error
 * @property {number} [exitAt] the run in which the process ends
 */

const [name = '', log = ''] = process.argv.slice(2);
/** @type {FakeTask} */
let task = { seconds: [] };
let runs = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const reply = answer(request);
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
  if (request.cmd === 'memory') return { peakBytes: (task.peakBytes ?? 0) + runs };
  if (task.failAt === runs) return { error: 'out of luck' };
  if (task.exitAt === runs) {
    console.error('something is badly wrong');
    process.exit(7);
  }
  // Of a check, not of a measurement: what the environment says.
  if (process.env['FAKE_LOSSES']) return { seconds: 1, losses: JSON.parse(process.env['FAKE_LOSSES']) };
  if (process.env['FAKE_SCORES']) return { seconds: 1, scores: JSON.parse(process.env['FAKE_SCORES']) };
  const seconds = task.seconds[runs++ % task.seconds.length] ?? 0;
  return { seconds: seconds * (request.iterations ?? 0) };
}

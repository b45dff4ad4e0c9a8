// A parent of a side that works for ever: tells the side's process id and waits.
import { Side } from '../harness/side.js';

const work = `
process.stdin.resume().on('end', () => process.exit());
process.stdin.once('data', () => console.log(JSON.stringify({ pid: process.pid })));
setInterval(() => {}, 1000);
`;
const side = new Side({ label: 'worker', command: process.execPath, arguments: ['-e', work] });
const { pid } = await side.request({ cmd: 'prepare' });
// As a string: a number would be coloured where FORCE_COLOR is set.
console.log(String(pid));
await side.request({ cmd: 'run' });

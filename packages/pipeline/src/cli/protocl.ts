#!/usr/bin/env node
import { calledAs } from '../run/calledAs.js';
import { runCommandLine } from './runCommandLine.js';

// A process that another one started as a part of its work, such as a run of a comparison, ends with it: a run is
// left as if it had been killed, and can be resumed.
process.once('disconnect', () => process.exit(1));
const code = await runCommandLine(process.argv.slice(2), {
  print: (line) => console.log(line),
  output: process.stderr,
  called: calledAs(),
});
// A backend may keep threads that would hold the process up.
process.exit(code);

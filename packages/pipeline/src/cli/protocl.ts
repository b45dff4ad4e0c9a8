#!/usr/bin/env node
import { runCommandLine } from './runCommandLine.js';

const code = await runCommandLine(process.argv.slice(2), {
  print: (line) => console.log(line),
  output: process.stderr,
});
// A backend may keep threads that would hold the process up.
process.exit(code);

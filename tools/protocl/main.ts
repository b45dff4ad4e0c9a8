import { runCommandLine } from '@protocl/pipeline';

const code = await runCommandLine(process.argv.slice(2), {
  print: (line) => console.log(line),
  output: process.stderr,
  called: 'npm run protocl --',
});
// A backend may keep threads that would hold the process up.
process.exit(code);

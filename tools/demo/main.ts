import { runCommandLine } from '@protocl/pipeline';

/** What the demo adds to the arguments that it is given, which win over the preset. */
function trainArguments(given: readonly string[]): string[] {
  const isResumed = given.some((argument) => argument === '--resume' || argument.startsWith('--resume='));
  return ['train', '--json', ...(isResumed ? [] : ['--preset', 'pcl-demo']), ...given];
}

const code = await runCommandLine(trainArguments(process.argv.slice(2)), {
  print: (line) => console.log(line),
  output: process.stderr,
  trainCommand: 'npm run demo --',
});
// A backend may keep threads that would hold the process up.
process.exit(code);

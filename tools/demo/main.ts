import { runCommandLine } from '@protocl/pipeline';

/** What the demo adds to the arguments that it is given, which win over the preset. */
function trainArguments(given: readonly string[]): string[] {
  const isResumed = given.some((argument) => argument === '--resume' || argument.startsWith('--resume='));
  return ['train', '--json', ...(isResumed ? [] : ['--preset', 'pcl-demo']), ...given];
}

let printed = '';
let code = await runCommandLine(trainArguments(process.argv.slice(2)), {
  print: (line) => {
    console.log(line);
    printed = line;
  },
  output: process.stderr,
  called: 'npm run protocl --',
  trainCommand: 'npm run demo --',
});
// Help is printed as well, and has no run to report on.
if (code === 0 && printed.startsWith('{')) {
  const { folder } = JSON.parse(printed) as { readonly folder: string };
  code = await runCommandLine(['report', folder], {
    print: (page) => console.error(`${'report'.padEnd(18)}${page}`),
    output: process.stderr,
    called: 'npm run protocl --',
  });
}
// A backend may keep threads that would hold the process up.
process.exit(code);

// Runs a command that works for ever in an empty root: parent.ts MODULES OUT. Says when it has begun.
import { EmptyRoot } from '../rehearse/emptyRoot.js';

const [modules, out] = process.argv.slice(2) as [string, string];
const python = { python: 'python3', modulePath: [modules], name: 'PyTorch 9.9' };
const root = await EmptyRoot.open({ python, log: () => undefined });
await root.run({
  command: 'echo begun; while true; do date +%N >$OUT/time; sleep 0.05; done',
  out,
  timeoutSeconds: 600,
  log: (line) => console.log(line),
});

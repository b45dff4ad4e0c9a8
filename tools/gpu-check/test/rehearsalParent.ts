// Runs a command that works for ever in an empty root: rehearsalParent.ts MODULES OUT. Says when it has begun.
import { EmptyRoot } from '../rehearse/emptyRoot.js';

const [modules, out] = process.argv.slice(2) as [string, string];
const python = { python: 'python3', modulePath: [modules], name: 'PyTorch 9.9' };
const root = await EmptyRoot.open({ python, log: () => undefined });
await root.run({
  // Bash alone, without programs that are gone as soon as the root is.
  command:
    'mkfifo /tmp/f; exec 5<>/tmp/f; tick() { echo >>$OUT/times; read -t 0.05 -u 5; }; ' +
    'tick; echo begun; while true; do tick; done',
  out,
  timeoutSeconds: 600,
  log: (line) => console.log(line),
});

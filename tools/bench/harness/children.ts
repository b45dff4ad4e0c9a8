import type { ChildProcess } from 'node:child_process';

const running = new Set<ChildProcess>();
let installed = false;

/** Makes sure that a child process ends with this one, however this one ends. */
export function endWithParent(child: ChildProcess): void {
  installHandlers();
  running.add(child);
  child.once('exit', () => running.delete(child));
}

function installHandlers(): void {
  if (installed) return;
  installed = true;
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
  });
  // Node's default on a signal is to die without an `exit` event, which would leave the children.
  const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
  for (const [signal, number] of Object.entries(signals)) {
    process.once(signal, () => process.exit(128 + number));
  }
}

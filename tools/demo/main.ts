import { ProtoclError, isProtoclError } from '@protocl/core';

import { parseOptions, usage } from './options.js';

/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options === 'help') {
    console.log(usage);
    return;
  }
  const stop = new AbortController();
  process.on('SIGINT', () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort(new ProtoclError('INTERRUPTED', { message: 'stopped before the training began' }));
  });
  // Loaded only now, so that a wrong option is refused at once.
  const { runDemo } = await import('./runDemo.js');
  await runDemo(options, { output: process.stdout, signal: stop.signal });
}

try {
  await main(process.argv.slice(2));
  // A backend may keep threads that would hold the process up.
  process.exit(0);
} catch (error) {
  console.error(isProtoclError(error) ? error.message : error);
  process.exit(isProtoclError(error, 'INTERRUPTED') ? INTERRUPTED : 1);
}

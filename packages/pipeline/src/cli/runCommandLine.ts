import { isProtoclError, printable } from '@protocl/core';
import { Command, CommanderError } from 'commander';

import { ConfigError } from '../config/problems.js';
import { asCalled } from './asCalled.js';
import { clusterCommand } from './clusterCommand.js';
import { compareCommand } from './compareCommand.js';
import { configCommand } from './configCommand.js';
import { dataCommand } from './dataCommand.js';
import { embedCommand } from './embedCommand.js';
import { evaluateCommand } from './evaluateCommand.js';
import { reportCommand } from './reportCommand.js';
import { trainCommand } from './trainCommand.js';
import { watchCommand } from './watchCommand.js';
import type { Terminal } from './terminal.js';

/** How the process ends. */
const EXIT = { good: 0, failed: 1, usage: 2, inPart: 3, interrupted: 130 } as const;

/**
 * Runs the command line `protocl`.
 *
 * @param args without the program's name
 * @returns the exit code: 0; 1 for an error; 2 for a command or a configuration that cannot be meant; 3 where some
 *   evaluators have no scores, and the others have;
 *   130 for a run that was stopped by a signal
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const { called = 'protocl' } = terminal;
  const say = (text: string) => terminal.output.write(text.endsWith('\n') ? text : `${text}\n`);
  const program = new Command('protocl')
    .description('Prototypical contrastive learning: train, look at and evaluate encoders.')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0; 1 error; 2 wrong usage or configuration; 3 some evaluators have no scores; 130 interrupted.',
    );
  for (const command of commands(terminal, args)) program.addCommand(command);
  const names = program.commands.map((command) => command.name());
  const hint = (text: string) => asCalled(text, called, names);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.print(hint(text.trimEnd())),
      writeErr: (text) => say(hint(text)),
    });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.good;
  } catch (error) {
    // It has said what it has to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.good : EXIT.usage;
    if (isProtoclError(error, 'INTERRUPTED')) {
      say(hint(error.message));
      return EXIT.interrupted;
    }
    if (!isProtoclError(error)) {
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return EXIT.failed;
    }
    // Names of files are part of it, and they can hold what a terminal obeys.
    say(`error: ${hint(error.message).split('\n').map(printable).join('\n')}`);
    if (error.code === 'SCORES_MISSING') return EXIT.inPart;
    return error instanceof ConfigError || error.code === 'USAGE' ? EXIT.usage : EXIT.failed;
  }
}

function commands(terminal: Terminal, args: readonly string[]): Command[] {
  return [
    trainCommand(terminal),
    embedCommand(terminal),
    clusterCommand(terminal),
    evaluateCommand(terminal),
    compareCommand(terminal, args),
    reportCommand(terminal),
    watchCommand(terminal),
    dataCommand(terminal),
    configCommand(terminal),
  ];
}

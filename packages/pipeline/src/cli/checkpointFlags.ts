import type { Command } from 'commander';

import { defined } from '../run/defined.js';
import { flagLayers, type ConfigFlags } from './configFlags.js';
import type { ConfigLayer } from '../config/layers.js';

/** The flags of commands that look at a checkpoint. */
export type CheckpointFlags = Pick<ConfigFlags, 'set' | 'backend' | 'device' | 'threads'>;

/** Gives a command its checkpoint, and the flags that change the configuration stored there. */
export function withCheckpoint(command: Command, description: string): Command {
  return withChanges(command.argument('<path>', description));
}

/** Gives a command the flags that change the configuration stored in a checkpoint. */
export function withChanges(command: Command): Command {
  return command
    .option(
      '--set <key=value>',
      'a setting other than the checkpoint’s; may be repeated',
      (value, before: string[]) => [...before, value],
      [],
    )
    .option('--backend <name>', 'engine.backend')
    .option('--device <name>', 'engine.device')
    .option('--threads <n>', 'engine.threads');
}

/** What such flags change. */
export function changesFrom({ set, backend, device, threads }: CheckpointFlags): readonly ConfigLayer[] {
  // A command may have flags of its own with the names of others.
  return flagLayers(defined({ set, backend, device, threads }));
}

import type { Command } from 'commander';

import { flagLayers, type ConfigFlags } from './configFlags.js';
import type { ConfigLayer } from '../config/layers.js';

/** The flags of commands that look at a checkpoint. */
export type CheckpointFlags = Pick<ConfigFlags, 'set' | 'backend' | 'device' | 'threads'>;

/** Gives a command its checkpoint, and the flags that change the configuration stored there. */
export function withCheckpoint(command: Command, description: string): Command {
  return command
    .argument('<path>', description)
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
export function changesFrom(flags: CheckpointFlags): readonly ConfigLayer[] {
  return flagLayers(flags);
}

import { Command } from 'commander';

import { asWritten } from '../config/automatic.js';
import { sizesFromConfig } from '../config/combinations.js';
import { leafPaths, valueAt } from '../config/layers.js';
import { loadConfig } from '../config/loadConfig.js';
import { configJsonSchema } from '../config/schema.js';
import { memoryInWords } from '../memory/requireMemoryFor.js';
import { sourcesFrom, withConfigFlags, type ConfigFlags } from './configFlags.js';
import type { Terminal } from './terminal.js';

/** `protocl config`: shows a configuration, where each of its values comes from, or its schema. */
export function configCommand({ print }: Terminal): Command {
  const command = new Command('config')
    .description('Print the resolved configuration and where each value comes from.')
    .option('--schema', 'print the JSON schema of configuration files instead')
    .option('--json', 'print the configuration as JSON, to be used as a configuration file')
    .addHelpText('after', '\nExample: protocl config --preset pcl-cifar10 --set method.queue=8192');
  return withConfigFlags(command).action(
    async (flags: ConfigFlags & { readonly schema?: boolean; readonly json?: boolean }) => {
      if (flags.schema === true) {
        print(JSON.stringify(configJsonSchema(), null, 2));
        return;
      }
      const resolved = await loadConfig(sourcesFrom(flags));
      const { origins } = resolved;
      const config = asWritten(resolved);
      if (flags.json === true) {
        print(JSON.stringify(config, null, 2));
        return;
      }
      const rows = leafPaths(config).map((path) => ({
        setting: `${path} = ${JSON.stringify(valueAt(config, path.split('.')))}`,
        origin: origins[path] ?? 'default',
      }));
      const width = Math.max(...rows.map(({ setting }) => setting.length));
      for (const { setting, origin } of rows) print(`${setting.padEnd(width)}  ${origin}`);
      print(`\n${memoryInWords(resolved.config, sizesFromConfig(config))}`);
    },
  );
}

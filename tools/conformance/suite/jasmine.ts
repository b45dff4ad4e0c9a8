import required from 'jasmine-core/lib/jasmine-core/jasmine.js';

const jasmine = required.core(required);

/** The environment that the suite's specs are defined in. Importing this file makes jasmine's globals. */
export const environment = jasmine.getEnv({ suppressLoadErrors: true });

const scope = globalThis as unknown as Record<string, unknown> & { specFile?: string };
Object.assign(scope, required.interface(jasmine, environment));

type DefineSpec = (...values: unknown[]) => { readonly id: string };

const files = new Map<string, string>();

// The bundle sets `specFile` where each of tfjs-core's test files starts.
for (const name of ['it', 'xit', 'fit']) {
  const define = scope[name] as DefineSpec;
  scope[name] = (...values: unknown[]) => {
    const spec = define(...values);
    files.set(spec.id, scope.specFile ?? '');
    return spec;
  };
}

/** The test file that defines a spec, relative to tfjs-core's `dist`. */
export function fileOf(specId: string): string {
  return files.get(specId) ?? '';
}

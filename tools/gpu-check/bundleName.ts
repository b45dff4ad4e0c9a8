/** The bundle of a program, beside all others: its path in the repository in one word. */
export function bundleName(entry: string): string {
  return `${entry.replace(/\.ts$/, '').replaceAll('/', '-')}.mjs`;
}

/** The bundle of tfjs-core's suite, which is made apart from the others: its side effects have to be kept. */
export const SUITE_BUNDLE = 'conformance-suite.mjs';

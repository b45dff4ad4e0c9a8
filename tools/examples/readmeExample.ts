/** What a README shows first: how to install the package, and a program that uses it. */
export interface ReadmeExample {
  /** Names of npm packages, as in `npm install NAME NAME`. */
  readonly installed: readonly string[];
  /** TypeScript. */
  readonly program: string;
}

/**
 * Takes the first TypeScript block of a README, and the `npm install` lines of its first shell block that has any.
 *
 * @throws Error for a README that lacks either
 */
export function readmeExample(markdown: string): ReadmeExample {
  const blocks = [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language, text]) => ({
    language,
    text: text!,
  }));
  const program = blocks.find(({ language }) => language === 'ts')?.text;
  const installed = blocks
    .filter(({ language }) => language === 'sh')
    .map(({ text }) =>
      [...text.matchAll(/^npm install ([^#\n]+)/gm)].flatMap(([, names]) => names!.trim().split(/ +/)),
    )
    .find((names) => names.length > 0);
  if (program === undefined || installed === undefined) {
    throw new Error('The README shows no TypeScript program, or no npm install in a block of its own.');
  }
  return { installed, program };
}

/**
 * The packages of this repository that come along when some packages are installed.
 *
 * @param names with or without scope of ours; others are passed over
 * @param dependencies what each of ours depends on
 */
export function withDependencies(
  names: readonly string[],
  dependencies: Readonly<Record<string, readonly string[]>>,
): string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name) || dependencies[name] === undefined) return;
    found.add(name);
    dependencies[name].forEach(visit);
  };
  names.forEach(visit);
  return [...found].sort();
}

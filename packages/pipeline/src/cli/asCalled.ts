/**
 * Help and errors name commands as `protocl train`. Here, where they reach the terminal, they become what works there,
 * such as `npx protocl train`.
 *
 * @param called how the command line is called
 * @param names of the commands
 */
export function asCalled(text: string, called: string, names: readonly string[]): string {
  // In running text, not within a path or another name.
  const before = String.raw`(?<![^\s\x60(])`;
  const after = String.raw`(?= (?:\[options\]|(?:${names.join('|')})(?![\w-])))`;
  const command = new RegExp(`${before}protocl${after}`, 'g');
  // What says it rightly already contains the word, too.
  const parts = text.split(called).map((part) => part.replaceAll(command, () => called));
  return parts.join(called);
}

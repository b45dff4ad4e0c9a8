/** What a section of a Markdown text tells to do. */
export interface Guide {
  /** The lines of its shell blocks, in order, without comments. */
  readonly commands: readonly string[];
  /** The YAML blocks that begin with a comment of a file's name. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** The paths in `packages/` and `tools/` that it names. */
  readonly paths: readonly string[];
}

/**
 * Reads a section, down to the next heading of its level.
 *
 * @param title of a heading of the second level
 * @throws Error if there is no such section
 */
export function guideOf(markdown: string, title: string): Guide {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  if (section === undefined) throw new Error(`There is no section '${title}'.`);
  const blocks = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)];
  const textsOf = (language: string) =>
    blocks.filter(([, own]) => own === language).map(([, , text]) => text!);
  return {
    commands: textsOf('sh').flatMap((text) =>
      text
        .split('\n')
        .map((line) => line.replace(/(^| )#.*/, '').trim())
        .filter((line) => line !== ''),
    ),
    files: textsOf('yaml').flatMap((text) => {
      const name = /^# (\S+)\n/.exec(text)?.[1];
      return name === undefined ? [] : [{ name, text }];
    }),
    paths: [...section.matchAll(/`((?:packages|tools)\/[^`\s]+)`/g)].map(([, path]) => path!),
  };
}

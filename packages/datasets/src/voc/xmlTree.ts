import { DOMParser, ParseError, type Element } from '@xmldom/xmldom';

/** An element's text, or its elements by name, several of one name as a list. */
export type XmlTree = string | { readonly [name: string]: XmlTree | readonly XmlTree[] };

/** Elements within each other; an annotation has five. */
const MOST_LEVELS = 100;

/** Thrown for text that is no XML, or none that is read here. */
export class XmlError extends Error {
  /** @param line the last one that was understood, from 1 on */
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

/**
 * Reads a document whose elements hold either text or elements; attributes are left aside.
 *
 * @param lists names of elements that become a list even where there is only one
 * @throws {XmlError}
 */
export function parseXml(xml: string, lists: readonly string[]): XmlTree {
  const root = documentElement(xml);
  return { [root.nodeName]: treeOf(root, lists, MOST_LEVELS) };
}

function documentElement(xml: string): Element {
  let problem: string | undefined;
  const parser = new DOMParser({
    // Warnings too: what the reader would have to guess at is not as published.
    onError: (_level, message) => {
      problem = message;
      throw new Error(message);
    },
  });
  try {
    return parser.parseFromString(xml, 'text/xml').documentElement!;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const { lineNumber = 1 } = (error.locator ?? {}) as { readonly lineNumber?: number };
    throw new XmlError(problem ?? error.message, Math.max(1, lineNumber));
  }
}

function treeOf(element: Element, lists: readonly string[], levels: number): XmlTree {
  const children = [...element.children];
  if (children.length === 0) return (element.textContent ?? '').trim();
  if (levels === 0)
    throw new XmlError(`more than ${MOST_LEVELS} elements within each other`, element.lineNumber ?? 1);
  // Without a prototype, `__proto__` is a name like any other.
  const tree = Object.create(null) as Record<string, XmlTree | XmlTree[]>;
  for (const child of children) {
    const name = child.nodeName;
    const value = treeOf(child, lists, levels - 1);
    const known = tree[name];
    if (known === undefined) tree[name] = lists.includes(name) ? [value] : value;
    else if (Array.isArray(known)) known.push(value);
    else tree[name] = [known, value];
  }
  return tree;
}

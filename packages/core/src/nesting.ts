/** Levels of objects and lists within each other that nothing written by people or by us exceeds. */
const MOST_LEVELS = 100;

/**
 * Whether objects and lists lie within each other no deeper than 100 levels. Where what was read from a file
 * is checked by this first, functions that call themselves for each level need not fear for the stack.
 *
 * @returns false also for a value that contains itself, as YAML's can
 */
export function isShallow(value: unknown): boolean {
  const deepest = new Map<object, number>();
  const open: (readonly [value: unknown, level: number])[] = [[value, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [inner, level] = next;
    if (typeof inner !== 'object' || inner === null || ArrayBuffer.isView(inner)) continue;
    if (level >= MOST_LEVELS) return false;
    // What is there several times is looked into again only where it lies deeper.
    if ((deepest.get(inner) ?? -1) >= level) continue;
    deepest.set(inner, level);
    for (const part of Object.values(inner)) open.push([part, level + 1]);
  }
  return true;
}

import { createHash } from 'node:crypto';

/** What tells images of one kind from others: plain data, to be kept and compared. */
export interface SplitDigest {
  readonly images: number;
  /** SHA-256 of the label of each image, in their order, and of the classes' names. */
  readonly labels: string;
}

/** The SHA-256 of some text or bytes, one after the other. */
export function digestOf(parts: Iterable<string | Uint8Array>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

export function digestOfLabels(labels: Int32Array, classNames: readonly string[]): string {
  const bytes = new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength);
  return digestOf([JSON.stringify(classNames), bytes]);
}

/**
 * What is known of each class, by its name; classes of one name are told apart by their number.
 *
 * @param of the class of a label
 */
export function byClass<T>(classNames: readonly string[], of: (label: number) => T): Record<string, T> {
  const entries = classNames.map((name, label): [string, T] => {
    const isFirst = classNames.indexOf(name) === label;
    return [isFirst ? name : `${name} (${label})`, of(label)];
  });
  // Makes own properties, of a name such as `__proto__` too.
  return Object.fromEntries(entries);
}

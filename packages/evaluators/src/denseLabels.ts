/** Labels as places among the classes that there are: their cost is that of so many classes, whatever they are called. */
export interface DenseLabels<Lists extends readonly Int32Array[]> {
  /** The labels that appear in any of the lists, ascending; letter k. */
  readonly classes: Int32Array;
  /** The lists, each label in 0 .. k-1. */
  readonly lists: { readonly [Which in keyof Lists]: Int32Array };
}

/** Numbers the classes of all lists together, in the order of their labels: labels of 0, 1, ... stay as they are. */
export function denseLabels<const Lists extends readonly Int32Array[]>(...lists: Lists): DenseLabels<Lists> {
  const found = new Set<number>();
  for (const list of lists) for (let i = 0; i < list.length; i++) found.add(list[i]!);
  const classes = Int32Array.from(found).sort();
  const places = new Map(Array.from(classes, (label, place) => [label, place]));
  return {
    classes,
    lists: lists.map((list) => list.map((label) => places.get(label)!)) as DenseLabels<Lists>['lists'],
  };
}

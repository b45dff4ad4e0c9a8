/**
 * Divides samples into folds that have equally many of each class, up to one, in the order in which the
 * samples come: what scikit-learn's `StratifiedKFold` does without shuffling.
 *
 * @param classes [n]
 * @returns int32 [n]: the fold of each sample
 */
export function stratifiedFolds(classes: ArrayLike<number>, folds: number): Int32Array {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < classes.length; i++) {
    const group = groups.get(classes[i]!);
    if (group) group.push(i);
    else groups.set(classes[i]!, [i]);
  }
  const fold = new Int32Array(classes.length);
  let before = 0;
  for (const group of groups.values()) {
    // Sorted by class, places are dealt out to the folds in turn; so their sizes differ by one at most.
    const sizes = Array.from({ length: folds }, (_, f) => {
      const first = (((f - before) % folds) + folds) % folds;
      return Math.ceil(Math.max(0, group.length - first) / folds);
    });
    let next = 0;
    sizes.forEach((size, f) => {
      for (const sample of group.slice(next, next + size)) fold[sample] = f;
      next += size;
    });
    before += group.length;
  }
  return fold;
}

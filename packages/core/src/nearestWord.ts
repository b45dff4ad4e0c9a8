/**
 * The number of insertions, deletions, replacements and swaps of neighbours that turn one word into
 * the other, case ignored.
 *
 * Source: Damerau, "A technique for computer detection and correction of spelling errors", 1964, in
 * the variant that edits no part twice.
 */
export function editDistance(from: string, to: string): number {
  const a = from.toLowerCase();
  const b = to.toLowerCase();
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = last[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      const best = Math.min(last[column]! + 1, current[column - 1]! + 1, replaced);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(isSwap ? Math.min(best, beforeLast[column - 2]! + 1) : best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}

/** The known word that was most likely meant, if any is near enough: a third of its letters may differ. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let smallest = Infinity;
  for (const candidate of known) {
    const most = Math.max(1, candidate.length / 3);
    // So many letters have to be added or left out; a long text is not compared letter by letter.
    if (Math.abs(word.length - candidate.length) > most) continue;
    const distance = editDistance(word, candidate);
    if (distance < smallest && distance <= most) {
      nearest = candidate;
      smallest = distance;
    }
  }
  return nearest;
}

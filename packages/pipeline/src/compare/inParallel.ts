/**
 * Does some work on each of several items, a few at a time, in their order.
 *
 * @param signal once it has aborted, no further item is begun
 * @throws what the work throws, after what else is going on has ended
 */
export async function inParallel<T>(
  items: readonly T[],
  atATime: number,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  const errors: unknown[] = [];
  const takeTurns = async () => {
    while (next < items.length && signal?.aborted !== true && errors.length === 0) {
      await work(items[next++]!).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, takeTurns));
  if (errors.length > 0) throw errors[0];
}

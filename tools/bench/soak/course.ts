/** What was seen of memory on the way. */
export interface Course {
  /** Bytes after each step, or each epoch. */
  readonly resident: readonly number[];
  /** Live tensors after each of them. */
  readonly tensors: readonly number[];
  /** Of what ran underneath. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A kernel of a profile, or an operator on the processor. */
export interface ProfiledKernel {
  readonly name: string;
  /** A step. */
  readonly calls: number;
  /** A step. */
  readonly milliseconds: number;
}

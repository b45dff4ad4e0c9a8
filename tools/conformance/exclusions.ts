/** A spec of tfjs-core's suite that the torch backend does not run, and why. */
export interface Exclusion {
  /** The spec's full name, without the name of the backend that the suite puts into it. */
  readonly spec: string;
  readonly reason: string;
}

/** More than these would hide that the backend is incomplete. */
export const MAXIMUM_EXCLUSIONS = 25;

/** Every spec that is left out on the backend `torch`; other backends run them all. */
export const exclusions: readonly Exclusion[] = [];

import { addon, type Handle } from './addon.js';
import { forgetDescription } from './description.js';

/** Handles that the kernels now running have made and that no tensor of tfjs owns yet. */
const pending: Handle[] = [];

/** Notes a new handle, so that it is released when the running kernel ends. */
export function track(handle: Handle): Handle {
  pending.push(handle);
  return handle;
}

/** Takes a handle out of the scope: somebody else releases it from now on. */
export function untrack(handle: Handle): void {
  const index = pending.lastIndexOf(handle);
  if (index < 0) throw new Error(`Handle ${handle} does not belong to the running kernel.`);
  if (index === pending.length - 1) pending.pop();
  else pending.splice(index, 1);
}

/** Runs a kernel's body and releases every handle that it made and did not give away, also when it throws. */
export function releasingScope<Result>(body: () => Result): Result {
  const start = pending.length;
  try {
    return body();
  } finally {
    while (pending.length > start) release(pending.pop() as Handle);
  }
}

/** Runs a part of a kernel's body and releases what it made besides its result, which stays with the kernel. */
export function keepingOnly(body: () => Handle[]): Handle[] {
  const start = pending.length;
  const kept = new Set(body());
  for (const handle of pending.splice(start)) {
    if (kept.has(handle)) pending.push(handle);
    else release(handle);
  }
  return [...kept];
}

/** Releases a tensor of the addon. */
export function release(handle: Handle): void {
  forgetDescription(handle);
  addon().release(handle);
}

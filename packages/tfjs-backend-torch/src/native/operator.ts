import { addon, type Handle, type OperatorArgument } from './addon.js';
import { noteDescription } from './description.js';
import { track } from './scope.js';

/**
 * A libtorch operator that returns one tensor, found by name on its first call.
 * What it returns belongs to the running kernel and is released with it, unless it becomes an output.
 */
export function operator(name: string, overload = ''): (...values: OperatorArgument[]) => Handle {
  let number = -1;
  return (...values) => {
    if (number < 0) number = addon().findOperator(name, overload);
    const handle = addon().callOperator(number, ...values) as Handle;
    noteDescription(handle);
    return track(handle);
  };
}

/**
 * A libtorch operator that returns several tensors or a list of them, in order; -1 stands for an undefined one.
 */
export function listOperator(name: string, overload = ''): (...values: OperatorArgument[]) => Handle[] {
  let number = -1;
  return (...values) => {
    if (number < 0) number = addon().findOperator(name, overload);
    const handles = addon().callOperator(number, ...values) as Handle[];
    for (const handle of handles) if (handle >= 0) track(handle);
    return handles;
  };
}

const known = new Map<string, boolean>();

/** Whether this libtorch knows an operator; older releases lack some. */
export function hasOperator(name: string, overload = ''): boolean {
  const key = `${name}.${overload}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  let found = true;
  try {
    addon().findOperator(name, overload);
  } catch {
    found = false;
  }
  known.set(key, found);
  return found;
}

/** A libtorch operator that returns a number. On a GPU it waits until the number is there. */
export function numberOperator(name: string, overload = ''): (...values: OperatorArgument[]) => number {
  let number = -1;
  return (...values) => {
    if (number < 0) number = addon().findOperator(name, overload);
    return (addon().callOperator(number, ...values) as number[])[0] as number;
  };
}

import { addon, type OperatorArgument } from '../src/native/addon.js';

/** What has gone between the program and the device since it was last asked. */
export interface DeviceTraffic {
  /** Each transfer to the program, for which a GPU is waited for: `read`, or the operator whose result needs one. */
  readonly reads: readonly string[];
  /** The operators that were called, with the namespaces of the addon's own as `protocl`. */
  readonly operators: readonly string[];
}

/** Operators that bring a number to the program, be it the size of their result. */
const WAITING = ['aten::item', 'aten::is_nonzero', 'aten::nonzero', 'aten::masked_select', 'aten::equal'];

/** Watches the addon, from before the first kernel on. @returns what to call for the traffic since the last call */
export function watchDevice(
  check: (operator: string, values: readonly OperatorArgument[]) => void = () => {},
): () => DeviceTraffic {
  const watched = addon();
  const unwatched = { ...watched };
  const names = new Map<number, string>();
  let reads: string[] = [];
  let operators: string[] = [];
  watched.findOperator = (name, overload) => {
    const number = unwatched.findOperator(name, overload);
    names.set(number, name);
    return number;
  };
  watched.callOperator = (number, ...values) => {
    const name = names.get(number) ?? `operator ${number}`;
    operators.push(name);
    if (WAITING.includes(name)) reads.push(name);
    check(name, values);
    return unwatched.callOperator(number, ...values);
  };
  watched.read = (handle, into) => {
    reads.push('read');
    unwatched.read(handle, into);
  };
  return () => {
    const traffic = { reads, operators };
    [reads, operators] = [[], []];
    return traffic;
  };
}

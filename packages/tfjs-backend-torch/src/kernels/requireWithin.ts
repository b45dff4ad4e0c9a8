import type { IndexRange } from '../backend.js';
import { TorchBackendError } from '../errors.js';
import { addon, type Handle } from '../native/addon.js';
import { dataTypeOf } from '../native/description.js';
import { listOperator, operator } from '../native/operator.js';

const extremes = listOperator('aten::aminmax');
const stack = operator('aten::stack');
const toType = operator('aten::to', 'dtype');

/**
 * Refuses indices outside of [0, size). On a GPU an assertion of the device would end the process otherwise.
 *
 * @param range What the backend knows of the indices, or of more than them: only where that is not enough are they read.
 * @param count How many indices there are.
 * @throws TorchBackendError `INDEX_OUT_OF_RANGE`
 */
export function requireWithin(
  indices: Handle,
  range: IndexRange | undefined,
  count: number,
  size: number,
  what: string,
): void {
  if (count === 0) return;
  if (range !== undefined && isWithin(range, size)) return;
  const found = rangeInMemory(indices);
  if (isWithin(found, size)) return;
  throw new TorchBackendError('INDEX_OUT_OF_RANGE', {
    message: `${what}: the index value ${found.least < 0 ? found.least : found.most} is not in [0, ${size - 1}].`,
    given: [found.least, found.most],
    expected: `indices from 0 to ${size - 1}`,
  });
}

function isWithin({ least, most }: IndexRange, size: number): boolean {
  return least >= 0 && most < size;
}

/** Both extremes in one transfer, as a GPU is waited for at each. */
function rangeInMemory(indices: Handle): IndexRange {
  const both = stack(extremes(indices));
  const isFloat = dataTypeOf(both) === 'float32';
  const values = isFloat ? new Float32Array(2) : new Int32Array(2);
  addon().read(toType(both, isFloat ? 'float32' : 'int32'), values);
  const [least, most] = values as unknown as [number, number];
  return { least, most };
}

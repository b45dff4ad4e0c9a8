import { TorchBackendError } from '../errors.js';
import type { Handle } from '../native/addon.js';
import { listOperator, numberOperator } from '../native/operator.js';

const extremes = listOperator('aten::aminmax');
const item = numberOperator('aten::item');

/**
 * Refuses indices outside of [0, size). On a GPU an assertion of the device would end the process otherwise.
 *
 * @param count How many indices there are.
 * @throws TorchBackendError `INDEX_OUT_OF_RANGE`
 */
export function requireWithin(indices: Handle, count: number, size: number, what: string): void {
  if (count === 0) return;
  const [smallest, largest] = extremes(indices).map((extreme) => item(extreme)) as [number, number];
  if (smallest >= 0 && largest < size) return;
  throw new TorchBackendError('INDEX_OUT_OF_RANGE', {
    message: `${what}: the index value ${smallest < 0 ? smallest : largest} is not in [0, ${size - 1}].`,
    given: [smallest, largest],
    expected: `indices from 0 to ${size - 1}`,
  });
}

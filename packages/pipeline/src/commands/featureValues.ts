import type { HostLabels } from '../data/annotationsOf.js';
import { pipelineError } from '../errors.js';
import type { NumberArray, Numbers } from './npy.js';

/** Numbers of a file as float32 [n, D]. */
export interface FeatureMatrix {
  readonly features: Float32Array;
  /** [n, D]. */
  readonly shape: readonly [number, number];
}

/**
 * Features as they are computed with: float32, whatever the numbers were, as `astype` of NumPy rounds them.
 *
 * @param path of the file, for errors
 * @throws {ProtoclError} `INVALID_FEATURES` if they are no matrix, or a number is not finite or lies beyond float32
 */
export function featureMatrix({ data, shape }: NumberArray, path: string): FeatureMatrix {
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || rows === 0 || columns === 0) {
    throw pipelineError('INVALID_FEATURES', {
      message: `${path} holds no features: a row of numbers for each image`,
      given: `an array of shape [${shape.join(', ')}]`,
      expected: 'one of shape [n, D]',
      remedy:
        rows === 0 || shape.includes(0)
          ? 'Save at least one row of at least one number'
          : 'Bring it to that shape: numpy.save(path, array.reshape(len(array), -1))',
    });
  }
  const features = data instanceof Float32Array ? data : Float32Array.from(data as Float64Array, Number);
  for (let i = 0; i < features.length; i++) {
    if (Number.isFinite(features[i])) continue;
    const place = `in row ${Math.floor(i / columns)}, column ${i % columns}, both from 0`;
    const value = String(data[i]);
    if (!Number.isFinite(Number(data[i]))) {
      throw pipelineError('INVALID_FEATURES', {
        message: `${path} holds a value that is no finite number, ${place}`,
        given: value,
        expected: 'finite numbers',
        remedy:
          'Find out where it comes from: an encoder whose training has diverged gives NaN for every image',
      });
    }
    throw pipelineError('INVALID_FEATURES', {
      message: `${path} holds a number that float32 cannot hold, ${place}`,
      given: value,
      expected: 'numbers up to 3.4e38',
      remedy: 'Scale the features: numpy.save(path, array / numpy.abs(array).max())',
    });
  }
  return { features, shape: [rows, columns] };
}

/**
 * Classes as evaluators take them: int32 [n], where [n, 1] is the same; or several for each image, [n, classes]
 * with 1, 0 and -1. Whole numbers count whatever their dtype is.
 *
 * @param path of the file, for errors
 * @param samples the number of features, n
 * @throws {ProtoclError} `INVALID_FEATURES` for other shapes and values, one-hot rows among them
 */
export function classLabels({ data, shape }: NumberArray, path: string, samples: number): HostLabels {
  const [rows, columns = 1] = shape;
  if (shape.length === 0 || shape.length > 2 || rows !== samples || columns === 0) {
    throw pipelineError('INVALID_FEATURES', {
      message: `${path} does not hold the classes of ${samples} features`,
      given: `an array of shape [${shape.join(', ')}]`,
      expected: `one of shape [${samples}], or [${samples}, classes] with 1, 0 and -1`,
      remedy: 'Save one class for each feature, in the order of the features',
    });
  }
  const values = wholeNumbers(data, path);
  if (columns === 1) return values;
  const other = values.find((value) => value < -1 || value > 1);
  if (other !== undefined) {
    throw pipelineError('INVALID_FEATURES', {
      message: `${path} holds several values for each image, and one of them says nothing about a class`,
      given: other,
      expected: '1 for a class that is there, -1 for one that is not, 0 for what is not counted',
      remedy: 'Save one column: numpy.save(path, labels[:, 0])',
    });
  }
  if (values.includes(-1)) return { classes: columns, values };
  throw pipelineError('INVALID_FEATURES', {
    message: `${path} holds classes as rows of 0 and 1 (one-hot), in which no image is without a class`,
    given: `an array of shape [${shape.join(', ')}] without -1`,
    expected: `one class for each image, [${samples}]; or -1 where a class is not in an image`,
    remedy:
      'Save numpy.save(path, labels.argmax(axis=1)), or where images show several classes numpy.save(path, numpy.where(labels > 0, 1, -1))',
  });
}

/** What to save in place of classes that are no numbers: classes by their sorted names. */
export function numberedClasses(): string {
  return `Number them: ${NUMBERED}`;
}

const NUMBERED = 'numpy.save(path, numpy.unique(labels, return_inverse=True)[1])';

function wholeNumbers(data: Numbers, path: string): Int32Array {
  if (data instanceof Int32Array) return data;
  const values = Int32Array.from(data as Float64Array, Number);
  for (let i = 0; i < values.length; i++) {
    if (values[i] === Number(data[i])) continue;
    throw pipelineError('INVALID_FEATURES', {
      message: `${path} holds a class that is no whole number of 32 bits`,
      given: String(data[i]),
      expected: 'whole numbers, such as 0, 1, 2',
      remedy: numberedClasses(),
    });
  }
  return values;
}

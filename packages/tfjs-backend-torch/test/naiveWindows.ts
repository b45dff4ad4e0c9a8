/** One spatial axis of a convolution or pooling. */
export interface NaiveAxis {
  input: number;
  filter: number;
  stride: number;
  dilation: number;
  before: number;
  output: number;
}

/** Any of the paddings that tfjs takes; explicit ones for height and width. */
export type NaivePadding = 'same' | 'valid' | number | [[number, number], [number, number]];

/** Output size and padding of one axis, as TensorFlow documents them. */
function naiveAxis(
  input: number,
  filter: number,
  stride: number,
  dilation: number,
  padding: 'same' | 'valid' | [number, number],
): NaiveAxis {
  const extent = (filter - 1) * dilation + 1;
  if (padding === 'same') {
    const output = Math.ceil(input / stride);
    const total = Math.max(0, (output - 1) * stride + extent - input);
    return { input, filter, stride, dilation, before: Math.floor(total / 2), output };
  }
  const [before, after] = padding === 'valid' ? [0, 0] : padding;
  const output = Math.floor((input + before + after - extent) / stride) + 1;
  return { input, filter, stride, dilation, before, output };
}

/** Both axes of an image. */
export function naiveAxes(
  [height, width]: [number, number],
  [filterHeight, filterWidth]: [number, number],
  stride: number,
  dilation: number,
  padding: NaivePadding,
): [NaiveAxis, NaiveAxis] {
  const along = (axis: 0 | 1): 'same' | 'valid' | [number, number] => {
    if (typeof padding === 'number') return [padding, padding];
    return typeof padding === 'string' ? padding : padding[axis];
  };
  return [
    naiveAxis(height, filterHeight, stride, dilation, along(0)),
    naiveAxis(width, filterWidth, stride, dilation, along(1)),
  ];
}

/** An element of a window: positions in the output, the filter and the input, which may lie outside of it. */
export interface NaivePosition {
  output: [number, number];
  filter: [number, number];
  input: [number, number];
  isInside: boolean;
}

/** Every element of every window, one after the other. */
export function* naivePositions([rows, columns]: [NaiveAxis, NaiveAxis]): Generator<NaivePosition> {
  for (let outputY = 0; outputY < rows.output; outputY++) {
    for (let outputX = 0; outputX < columns.output; outputX++) {
      for (let filterY = 0; filterY < rows.filter; filterY++) {
        for (let filterX = 0; filterX < columns.filter; filterX++) {
          const y = outputY * rows.stride - rows.before + filterY * rows.dilation;
          const x = outputX * columns.stride - columns.before + filterX * columns.dilation;
          yield {
            output: [outputY, outputX],
            filter: [filterY, filterX],
            input: [y, x],
            isInside: y >= 0 && y < rows.input && x >= 0 && x < columns.input,
          };
        }
      }
    }
  }
}

/** An array of numbers with a shape. */
export class NaiveArray {
  readonly values: Float64Array;
  private readonly strides: number[];

  constructor(
    readonly shape: number[],
    values?: ArrayLike<number>,
  ) {
    const size = shape.reduce((product, length) => product * length, 1);
    this.values = values === undefined ? new Float64Array(size) : Float64Array.from(values);
    this.strides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((product, length) => product * length, 1),
    );
  }

  /** Numbers between -1 and 1 that look random and are the same every time. */
  static scattered(shape: number[], seed: number): NaiveArray {
    const array = new NaiveArray(shape);
    array.values.forEach((_, i) => (array.values[i] = Math.sin((i + 1) * 12.9898 + seed * 78.233)));
    return array;
  }

  at(...index: number[]): number {
    return this.values[this.place(index)] as number;
  }

  add(value: number, ...index: number[]): void {
    this.values[this.place(index)]! += value;
  }

  private place(index: number[]): number {
    return index.reduce((place, position, axis) => place + position * (this.strides[axis] as number), 0);
  }
}

import { add, engine, ones, type Tensor, util } from '@tensorflow/tfjs-core';

/** One recorded operation of tfjs's tape, as its engine keeps it. */
interface TapeNode {
  id: number;
  kernelName: string;
  inputs: Record<string, Tensor>;
  outputs: Tensor[];
  gradient?: (outputGradients: (Tensor | null)[]) => Record<string, () => Tensor>;
  saved?: Tensor[];
}

/** The parts of tfjs's engine that its types keep private and that differentiation needs. */
interface TapeEngine {
  readonly backendName: string;
  state: { gradientDepth: number; activeTape: TapeNode[] | null };
  gradients: Gradients;
  scopedRun<Result>(start: () => void, end: () => void, body: () => Result): Result;
  nextTensorId(): number;
  startTape(): void;
  endTape(): void;
  tidy<Result>(name: string, body: () => Result): Result;
}

type Gradients = (
  f: () => Tensor,
  xs: Tensor[],
  dy?: Tensor | null,
  allowNoGradients?: boolean,
) => { value: Tensor; grads: Tensor[] };

let installed = false;

/**
 * Makes tfjs's differentiation release each saved activation, and each gradient of an activation, as soon as the
 * backward pass has used it. tfjs itself keeps all of them until the pass ends, which doubles the memory of a
 * training step. Only the outermost differentiation on the torch backend is concerned: a nested one may read
 * the tape again.
 */
export function releaseActivationsEarly(): void {
  if (installed) return;
  installed = true;
  const tapeEngine = engine() as unknown as TapeEngine;
  const original = tapeEngine.gradients.bind(tapeEngine);
  tapeEngine.gradients = (f, xs, dy, allowNoGradients) =>
    tapeEngine.backendName === 'torch' && tapeEngine.state.gradientDepth === 0
      ? differentiate(tapeEngine, f, xs, dy ?? undefined, allowNoGradients ?? false)
      : original(f, xs, dy, allowNoGradients);
}

function differentiate(
  tapeEngine: TapeEngine,
  f: () => Tensor,
  xs: Tensor[],
  dy: Tensor | undefined,
  allowNoGradients: boolean,
): { value: Tensor; grads: Tensor[] } {
  util.assert(xs.length > 0, () => 'Gradients were asked for with respect to an empty list of tensors.');
  if (dy !== undefined && dy.dtype !== 'float32') {
    throw new Error(`dy must have 'float32' dtype, but has '${dy.dtype}'`);
  }
  let tape: TapeNode[] = [];
  const run = (): { value: Tensor; grads: Tensor[] } => {
    const y = tapeEngine.scopedRun(
      () => {
        tapeEngine.startTape();
        tape = tapeEngine.state.activeTape as TapeNode[];
      },
      () => tapeEngine.endTape(),
      () => tapeEngine.tidy('forward', f),
    );
    util.assert(isTensor(y), () => 'The function to differentiate must return a tensor.');
    const path = nodesBetween(tape, xs, y);
    if (path.length === 0 && !allowNoGradients) {
      throw new Error(
        'Cannot compute gradient of y=f(x) with respect to x: no operation with a gradient leads from x to y. ' +
          'Check that the function computes y from x.',
      );
    }
    const needed = new Set(path.map((node) => node.id));
    for (const node of tape) if (!needed.has(node.id)) releaseSaved(node);
    return { value: y, grads: backpropagate(tapeEngine, path, xs, y, dy) };
  };
  try {
    return tapeEngine.tidy('gradients', run);
  } finally {
    // Also after an error, such as memory that ran out half-way: nobody else knows of what the tape keeps.
    for (const node of tape) releaseSaved(node);
    tapeEngine.state.activeTape = null;
  }
}

/** The nodes on the paths from `xs` to `y`, in order, with only those inputs that depend on `xs`. */
function nodesBetween(tape: readonly TapeNode[], xs: readonly Tensor[], y: Tensor): TapeNode[] {
  const dependent = new Set(xs.map((x) => x.id));
  const downstream = tape.filter((node) => {
    const reached = Object.values(node.inputs).some((input) => dependent.has(input.id));
    if (reached) for (const output of node.outputs) dependent.add(output.id);
    return reached;
  });
  const leading = new Set([y.id]);
  const path: TapeNode[] = [];
  for (const node of downstream.reverse()) {
    if (!node.outputs.some((output) => leading.has(output.id))) continue;
    const inputs = Object.entries(node.inputs).filter(([, input]) => dependent.has(input.id));
    for (const [, input] of inputs) leading.add(input.id);
    path.push({ ...node, inputs: Object.fromEntries(inputs) });
  }
  return path.reverse();
}

function backpropagate(
  tapeEngine: TapeEngine,
  path: readonly TapeNode[],
  xs: readonly Tensor[],
  y: Tensor,
  dy: Tensor | undefined,
): Tensor[] {
  // A gradient function may return a tensor that is older than this pass, such as a constant: that is its owner's.
  const firstId = tapeEngine.nextTensorId();
  // It may also give one tensor to several inputs, or its dy as it is: that goes with its last holder.
  const holders = new Map<Tensor, number>();
  const hold = (tensor: Tensor): void => void holders.set(tensor, (holders.get(tensor) ?? 0) + 1);
  const letGo = (tensor: Tensor): void => {
    const rest = (holders.get(tensor) ?? 0) - 1;
    holders.set(tensor, rest);
    if (rest === 0 && tensor.id > firstId && !tensor.kept) tensor.dispose();
  };
  const gradients = new Map<number, Tensor>([[y.id, dy ?? ones(y.shape)]]);
  hold(gradients.get(y.id) as Tensor);

  const asked = new Set(xs.map((x) => x.id));
  for (const node of [...path].reverse()) {
    const inputGradients = tapeEngine.tidy(node.kernelName, () => gradientsOfNode(node, gradients));
    releaseSaved(node);
    for (const [name, gradient] of Object.entries(inputGradients)) {
      const { id } = node.inputs[name] as Tensor;
      const before = gradients.get(id);
      hold(gradient);
      if (before === undefined) {
        gradients.set(id, gradient);
        continue;
      }
      const sum = add(before, gradient);
      hold(sum);
      gradients.set(id, sum);
      letGo(before);
      letGo(gradient);
    }
    for (const output of node.outputs) {
      const gradient = gradients.get(output.id);
      if (gradient === undefined || asked.has(output.id)) continue;
      gradients.delete(output.id);
      letGo(gradient);
    }
  }
  return xs.map((x) => gradients.get(x.id) as Tensor);
}

function gradientsOfNode(node: TapeNode, gradients: ReadonlyMap<number, Tensor>): Record<string, Tensor> {
  if (node.gradient === undefined) {
    throw new Error(`Cannot compute gradient: gradient function not found for ${node.kernelName}.`);
  }
  const functions = node.gradient(node.outputs.map((output) => gradients.get(output.id) ?? null));
  const result: Record<string, Tensor> = {};
  for (const [name, input] of Object.entries(node.inputs)) {
    const compute = functions[name];
    if (compute === undefined) {
      throw new Error(
        `Cannot backprop through input ${name} of ${node.kernelName}: it has gradients for ${Object.keys(functions)}.`,
      );
    }
    const gradient = compute();
    if (gradient.dtype !== 'float32' || !util.arraysEqual(gradient.shape, input.shape)) {
      throw new Error(
        `Error in gradient for op ${node.kernelName}: the gradient of input ${name} must be float32 of shape ` +
          `[${input.shape}], but it is ${gradient.dtype} of shape [${gradient.shape}].`,
      );
    }
    // A saved tensor is released with its node, so one that is itself the gradient needs a holder of its own.
    result[name] = node.saved?.includes(gradient) ? gradient.clone() : gradient;
  }
  return result;
}

function releaseSaved(node: TapeNode): void {
  for (const tensor of node.saved ?? []) tensor.dispose();
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dataId' in value;
}

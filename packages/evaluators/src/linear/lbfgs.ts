/** A function to minimise: its value at a point, and its gradient there. */
export type Objective = (point: Float64Array) => Promise<{ value: number; gradient: Float64Array }>;

export interface LbfgsOptions {
  readonly iterations: number;
  /** It ends where no component of the gradient is larger. */
  readonly tolerance: number;
  /** It also ends where a step promises less than this share of the value: what rounding hides. */
  readonly precision?: number;
  /** Steps that are remembered. */
  readonly memory?: number;
}

/** Where a minimisation ended. */
export interface LbfgsResult {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Whether it ended because there was nothing left to gain. */
  readonly converged: boolean;
}

const ENOUGH_DECREASE = 1e-4;
const MOST_HALVINGS = 30;

interface Step {
  readonly moved: Float64Array;
  readonly turned: Float64Array;
  readonly curvature: number;
}

/**
 * Minimises a smooth convex function by L-BFGS with backtracking.
 *
 * Source: Nocedal and Wright, "Numerical Optimization", 2nd edition, algorithms 3.1, 7.4 and 7.5.
 */
export async function lbfgs(
  objective: Objective,
  start: Float64Array,
  { iterations, tolerance, precision = 0, memory = 10 }: LbfgsOptions,
): Promise<LbfgsResult> {
  const steps: Step[] = [];
  let point = start;
  let { value, gradient } = await objective(point);
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (largest(gradient) <= tolerance) return { point, value, iterations: iteration, converged: true };
    const direction = descentDirection(gradient, steps);
    const slope = dot(direction, gradient);
    if (-slope < precision * Math.abs(value)) return { point, value, iterations: iteration, converged: true };
    // Nothing is known yet about the scale of the function.
    let length = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    let next = await objective(along(point, direction, length));
    let halvings = 0;
    while (!(next.value <= value + ENOUGH_DECREASE * length * slope) && halvings < MOST_HALVINGS) {
      length /= 2;
      halvings++;
      next = await objective(along(point, direction, length));
    }
    // No step helps: the arithmetic's precision is reached.
    if (!(next.value < value)) return { point, value, iterations: iteration, converged: false };
    const target = along(point, direction, length);
    remember(steps, difference(target, point), difference(next.gradient, gradient), memory);
    point = target;
    ({ value, gradient } = next);
  }
  return { point, value, iterations, converged: largest(gradient) <= tolerance };
}

/** The two-loop recursion: the inverse Hessian, as the last steps suggest it, times minus the gradient. */
function descentDirection(gradient: Float64Array, steps: readonly Step[]): Float64Array {
  const direction = gradient.map((component) => -component);
  const weights: number[] = [];
  for (const { moved, turned, curvature } of [...steps].reverse()) {
    const weight = dot(moved, direction) / curvature;
    weights.unshift(weight);
    addScaled(direction, turned, -weight);
  }
  const last = steps.at(-1);
  if (last) {
    const scale = last.curvature / dot(last.turned, last.turned);
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  for (const [index, { moved, turned, curvature }] of steps.entries()) {
    addScaled(direction, moved, weights[index]! - dot(turned, direction) / curvature);
  }
  return direction;
}

function remember(steps: Step[], moved: Float64Array, turned: Float64Array, memory: number): void {
  const curvature = dot(moved, turned);
  // A step without curvature, which rounding can make, would spoil the estimate.
  if (!(curvature > 1e-12 * dot(turned, turned))) return;
  steps.push({ moved, turned, curvature });
  if (steps.length > memory) steps.shift();
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(target: Float64Array, other: Float64Array, scale: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += scale * other[i]!;
}

function along(point: Float64Array, direction: Float64Array, length: number): Float64Array {
  return point.map((component, index) => component + length * direction[index]!);
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((component, index) => component - b[index]!);
}

function largest(gradient: Float64Array): number {
  return gradient.reduce((most, component) => Math.max(most, Math.abs(component)), 0);
}

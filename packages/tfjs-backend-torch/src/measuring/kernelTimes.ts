/** What one operator, kernel or kind of copy took in a profile. */
export interface KernelTime {
  /** As libtorch names it: `aten::convolution`, the name of a CUDA kernel, `Memcpy DtoH (Device -> Pageable)`. */
  readonly name: string;
  readonly calls: number;
  /** Of all calls together; of an operator without what the operators took that it called. */
  readonly seconds: number;
  /** `kernel` and `copy` (fills included) are a GPU's work, `operator` is the processor's. */
  readonly kind: 'kernel' | 'copy' | 'operator';
}

/** Something that the profiler saw; times in nanoseconds. */
export interface Activity {
  readonly name: string;
  /** What libkineto calls it by this number. */
  readonly kind: number;
  readonly thread: number;
  readonly start: number;
  readonly duration: number;
}

/** libkineto's numbers of activities (kineto/ActivityType.h) that are told here. */
const OPERATOR = 0;
const COPY = 3;
const FILL = 4;
const KERNEL = 5;

/** The work of a GPU by name, the longest first. A GPU's kernels call none, so each has its whole time. */
export function deviceTimes(activities: readonly Activity[]): KernelTime[] {
  const times = new Totals();
  for (const { name, kind, duration } of activities) {
    if (kind === KERNEL) times.add(name, 'kernel', duration);
    if (kind === COPY || kind === FILL) times.add(name, 'copy', duration);
  }
  return times.longestFirst();
}

/**
 * Operators by name, the longest first. Of each call only the time is counted in which no operator ran that it had
 * called: a convolution is an operator within an operator within an operator, of which the innermost does the work.
 */
export function operatorTimes(activities: readonly Activity[]): KernelTime[] {
  const times = new Totals();
  const operators = activities.filter(({ kind }) => kind === OPERATOR);
  // Whoever calls starts first and ends last.
  operators.sort((a, b) => a.thread - b.thread || a.start - b.start || b.duration - a.duration);
  const callers: Activity[] = [];
  for (const operator of operators) {
    while (callers.length > 0 && !contains(callers.at(-1) as Activity, operator)) callers.pop();
    const caller = callers.at(-1);
    times.add(operator.name, 'operator', operator.duration);
    if (caller !== undefined) times.subtract(caller.name, 'operator', operator.duration);
    callers.push(operator);
  }
  return times.longestFirst();
}

function contains(caller: Activity, { thread, start, duration }: Activity): boolean {
  return caller.thread === thread && start + duration <= caller.start + caller.duration;
}

/** Sums up calls and nanoseconds by name and kind. */
class Totals {
  private readonly totals = new Map<
    string,
    { name: string; kind: KernelTime['kind']; calls: number; nanoseconds: number }
  >();

  add(name: string, kind: KernelTime['kind'], nanoseconds: number): void {
    const total = this.total(name, kind);
    total.calls++;
    total.nanoseconds += nanoseconds;
  }

  subtract(name: string, kind: KernelTime['kind'], nanoseconds: number): void {
    this.total(name, kind).nanoseconds -= nanoseconds;
  }

  longestFirst(): KernelTime[] {
    return [...this.totals.values()]
      .map(({ nanoseconds, ...total }) => ({ ...total, seconds: nanoseconds / 1e9 }))
      .sort((a, b) => b.seconds - a.seconds);
  }

  private total(name: string, kind: KernelTime['kind']): { calls: number; nanoseconds: number } {
    const key = `${kind} ${name}`;
    let total = this.totals.get(key);
    if (total === undefined) this.totals.set(key, (total = { name, kind, calls: 0, nanoseconds: 0 }));
    return total;
  }
}

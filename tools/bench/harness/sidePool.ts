import { Side, type SideCommand } from './side.js';

/**
 * Starts sides. Where sides are kept they go on from case to case, without what they had prepared: on a
 * graphics processor a process takes longer to start than a case to measure.
 */
export class SidePool {
  readonly #keep: boolean;
  readonly #idle = new Map<string, Side[]>();

  constructor({ keep }: { readonly keep: boolean }) {
    this.#keep = keep;
  }

  /** A side that is at nobody else's service. */
  take(command: SideCommand): Side {
    return this.#idle.get(keyOf(command))?.pop() ?? new Side(command);
  }

  /** Takes back a side that is still in order; one that is not has to be stopped. */
  async giveBack(command: SideCommand, side: Side): Promise<void> {
    if (!this.#keep) return side.stop();
    try {
      await side.request({ cmd: 'release' });
    } catch {
      return side.stop();
    }
    const key = keyOf(command);
    this.#idle.set(key, [...(this.#idle.get(key) ?? []), side]);
  }

  /** Ends all sides that were given back. */
  async stop(): Promise<void> {
    const sides = [...this.#idle.values()].flat();
    this.#idle.clear();
    await Promise.all(sides.map((side) => side.stop()));
  }
}

/** The label too: errors are told under it, and settings that hold for a whole process go with it. */
function keyOf(command: SideCommand): string {
  return JSON.stringify([command.label, command.command, command.arguments, command.environment]);
}

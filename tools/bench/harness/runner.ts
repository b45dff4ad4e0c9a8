import { prepareSide, type Contender, type Library, type Samples } from './comparison.js';
import { librariesIn } from './libraries.js';
import { numberIn, type RequestOptions, type Side, type SideReply } from './side.js';
import type { SidePool } from './sidePool.js';

/**
 * What a burst of calls may take on the device while the host's time is looked at: little enough to wait in
 * the device's queue, for a host that waits for a place in it would take as long as the device.
 */
const BURST_SECONDS = 2e-3;
const BURST_MOST = 400;
const BURSTS = 5;
/** Long work is not repeated as often. */
const BURSTS_SECONDS = 1;

/** A running contender and the samples that it has given so far. */
export class Runner {
  readonly contender: Contender;
  /** Seconds per iteration, of each sample. */
  readonly seconds: number[] = [];
  /** Why it is of no use, where it is. */
  reason: string | undefined;
  readonly #side: Side;
  readonly #pool: SidePool;
  readonly #options: RequestOptions;
  #hostMilliseconds: number[] = [];
  #devicePeakBytes: number | undefined;
  #libraries: readonly Library[] = [];

  constructor(contender: Contender, pool: SidePool, options: RequestOptions) {
    this.contender = contender;
    this.#pool = pool;
    this.#side = pool.take(contender.side);
    this.#options = options;
  }

  /** @returns the versions that it runs on, if it can do the task */
  async prepare(): Promise<Readonly<Record<string, string>>> {
    const { versions, unsupported } = await prepareSide(this.#side, this.contender.task, this.#options);
    this.reason = unsupported;
    return versions;
  }

  /** Seconds per iteration. */
  async run(iterations: number): Promise<number> {
    return numberIn(await this.#request('run', { iterations }), 'seconds') / iterations;
  }

  /**
   * Takes a sample.
   *
   * @param timeoutSeconds of this sample alone
   */
  async sample(iterations: number, timeoutSeconds = this.#options.timeoutSeconds): Promise<void> {
    const options = { ...this.#options, timeoutSeconds };
    const reply = await this.#side.request({ cmd: 'run', iterations }, options);
    this.seconds.push(numberIn(reply, 'seconds') / iterations);
    this.#noteHost(reply, iterations);
  }

  /** Forgets the samples. */
  startAnew(): void {
    this.seconds.length = 0;
    this.#hostMilliseconds = [];
  }

  get libraries(): readonly Library[] {
    return this.#libraries;
  }

  /** Asks for what it computes with: once it has computed, for some is loaded when it is needed. */
  async readLibraries(): Promise<void> {
    this.#libraries = librariesIn(await this.#request('libraries'));
  }

  async resetPeak(): Promise<void> {
    await this.#request('reset-memory');
  }

  async readPeak(): Promise<void> {
    const { devicePeakBytes } = await this.#request('memory');
    if (typeof devicePeakBytes === 'number') this.#devicePeakBytes = devicePeakBytes;
  }

  /** Has the time of the host taken from bursts instead of from samples, where there is a device besides. */
  async timeHost(): Promise<void> {
    if (this.#devicePeakBytes === undefined || this.#hostMilliseconds.length === 0) return;
    const seconds = Math.max(Math.min(...this.seconds), 1e-9);
    const iterations = Math.max(1, Math.min(Math.floor(BURST_SECONDS / seconds), BURST_MOST));
    const bursts = Math.max(1, Math.min(BURSTS, Math.floor(BURSTS_SECONDS / seconds)));
    this.#hostMilliseconds = [];
    for (let i = 0; i < bursts; i++) this.#noteHost(await this.#request('run', { iterations }), iterations);
  }

  /** @param size seconds of a unit */
  inUnits(size: number): Samples {
    const { label, aside } = this.contender;
    return {
      label,
      aside,
      values: this.seconds.map((value) => value / size),
      hostMilliseconds: this.#hostMilliseconds,
      devicePeakBytes: this.#devicePeakBytes,
      libraries: this.#libraries,
    };
  }

  /** A side that has failed, or was interrupted, is of no more use; others are given back. */
  async end(): Promise<void> {
    const isSound = this.reason === undefined && this.#options.signal?.aborted !== true;
    await (isSound ? this.#pool.giveBack(this.contender.side, this.#side) : this.#side.stop());
  }

  #noteHost({ hostSeconds }: SideReply, iterations: number): void {
    if (typeof hostSeconds === 'number') this.#hostMilliseconds.push((1e3 * hostSeconds) / iterations);
  }

  #request(cmd: 'run' | 'memory' | 'reset-memory' | 'libraries', parameters: object = {}) {
    return this.#side.request({ ...parameters, cmd }, this.#options);
  }
}

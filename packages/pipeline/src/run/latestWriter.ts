/**
 * Writes a value that changes, one write after the other; of values that come while one is being
 * written only the last is written.
 */
export class LatestWriter<T> {
  readonly #write: (value: T) => Promise<void>;
  #next: { readonly value: T } | undefined;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(write: (value: T) => Promise<void>) {
    this.#write = write;
  }

  /** @throws what an earlier write failed with */
  put(value: T): void {
    this.#throwFailure();
    this.#next = { value };
    this.#writing ??= this.#drain();
  }

  /**
   * Waits until everything is written.
   *
   * @throws what a write failed with
   */
  async finish(): Promise<void> {
    await this.#writing;
    this.#throwFailure();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#next) {
        const { value } = this.#next;
        this.#next = undefined;
        await this.#write(value);
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#writing = undefined;
    }
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

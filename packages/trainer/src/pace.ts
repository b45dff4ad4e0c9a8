/** Measures images per second, leaving out what is not training. */
export class Pace {
  #since = performance.now();
  #images = 0;

  add(images: number): void {
    this.#images += images;
  }

  /** Takes time out that was spent on something else. */
  pause(milliseconds: number): void {
    this.#since += milliseconds;
  }

  /** Images per second since the last time. */
  lap(): number {
    const now = performance.now();
    const pace = (1000 * this.#images) / (now - this.#since);
    this.#since = now;
    this.#images = 0;
    return pace;
  }
}

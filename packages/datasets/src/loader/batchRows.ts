const CHANNELS = 3;

/** The rows of a batch while it is made. */
export class BatchRows {
  readonly #count: number;
  readonly #indices: Int32Array<ArrayBuffer>;
  #pixels: Uint8Array<ArrayBuffer>[] = [];
  #imageSize = 0;

  constructor(count: number) {
    this.#count = count;
    this.#indices = new Int32Array(count).fill(-1);
  }

  /** @param views uint8 [S, S, 3] each, copied */
  set(row: number, index: number, views: readonly Uint8Array[]): void {
    if (this.#pixels.length === 0) {
      this.#imageSize = views[0]!.length;
      this.#pixels = views.map(() => new Uint8Array(this.#count * this.#imageSize));
    }
    for (const [view, pixels] of views.entries()) this.#pixels[view]!.set(pixels, row * this.#imageSize);
    this.#indices[row] = index;
  }

  /** What is in the rows that were set, moved together. */
  withoutEmpty(): {
    pixels: readonly Uint8Array<ArrayBuffer>[];
    indices: Int32Array<ArrayBuffer>;
    side: number;
  } {
    const side = Math.sqrt(this.#imageSize / CHANNELS);
    const indices = this.#indices.filter((index) => index !== -1);
    if (indices.length === this.#count) return { pixels: this.#pixels, indices, side };
    const size = this.#imageSize;
    const pixels = this.#pixels.map((all) => {
      const kept = new Uint8Array(indices.length * size);
      let row = 0;
      for (const [from, index] of this.#indices.entries()) {
        if (index !== -1) kept.set(all.subarray(from * size, (from + 1) * size), row++ * size);
      }
      return kept;
    });
    return { pixels, indices, side };
  }
}

import * as tf from '@tensorflow/tfjs-core';

type Gradients = Readonly<Record<string, tf.Tensor>>;

/** Adds gradients up until the weights are updated with their mean. */
export class GradientMean {
  #sum: Record<string, tf.Tensor> = {};
  #count = 0;

  /** How many gradients have been added since the last {@link take}. */
  get count(): number {
    return this.#count;
  }

  /** Takes gradients over: they are this object's to dispose. */
  add(gradients: Gradients): void {
    const previous = this.#sum;
    this.#sum =
      this.#count === 0
        ? { ...gradients }
        : Object.fromEntries(
            Object.entries(gradients).map(([name, gradient]) => [name, tf.add(previous[name]!, gradient)]),
          );
    if (this.#count > 0) tf.dispose([previous, gradients]);
    this.#count += 1;
  }

  /** The mean of what was added, which the caller disposes; begins anew. */
  take(): Gradients {
    const sum = this.#sum;
    const count = this.#count;
    this.#sum = {};
    this.#count = 0;
    if (count === 1) return sum;
    const mean = Object.fromEntries(
      Object.entries(sum).map(([name, gradient]) => [name, tf.div(gradient, count)]),
    );
    tf.dispose(sum);
    return mean;
  }

  dispose(): void {
    tf.dispose(this.#sum);
    this.#sum = {};
    this.#count = 0;
  }
}

import type { PlainBatch, TrainingSource } from '@protocl/trainer';

/** Images whose features are compared, and their classes. */
export interface LabelledImages {
  /** Images, n. */
  readonly size: number;
  /** int32 [n]; undefined where there are no classes. */
  readonly labels: Int32Array | undefined;
  readonly classNames: readonly string[];
  /** Every image once, as evaluation sees it; images that cannot be read are missing. */
  batches(): AsyncIterable<PlainBatch>;
}

/** The images of a run. */
export interface RunData {
  readonly source: TrainingSource;
  /** int32 [n], of all of the source's images; undefined where there are no classes. */
  readonly labels: Int32Array | undefined;
  /** The training images that held-out ones are compared with. */
  readonly train: LabelledImages;
  /** Held out; undefined where there are none. */
  readonly test: LabelledImages | undefined;
  /** Ends what works in the background. */
  close(): Promise<void>;
}

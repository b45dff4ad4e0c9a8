/** What JSON can hold. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A JSON object. */
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** A run as the report sees it: what its folder holds, and what was computed from its encoder. */
export interface ReportInput {
  /** How the run is called in legends and headings. */
  readonly name: string;
  /** Where it is, for the reader. */
  readonly folder?: string;
  /** The resolved configuration. */
  readonly config?: JsonObject;
  /** Where each value of the configuration comes from, by its path. */
  readonly origins?: Readonly<Record<string, string>>;
  /** The log: one object with a `type` for each thing that happened, in that order. */
  readonly log: readonly JsonObject[];
  /** What the run came to; undefined while it goes on. */
  readonly summary?: JsonObject;
  readonly extras?: ReportExtras;
}

/** What a report shows of an encoder, beside the log: every part may be missing. */
export interface ReportExtras {
  /** What was looked at, such as the checkpoint and the number of images; a line for the reader. */
  readonly origin?: string;
  /** The small images that the other parts refer to by number. */
  readonly thumbnails?: SpriteSheet;
  readonly embedding?: EmbeddingView;
  readonly montages?: readonly ClusterMontage[];
  /** The coarsest clusters, each with the finer ones that it is split into. */
  readonly tree?: readonly PrototypeNode[];
  readonly retrievals?: readonly Retrieval[];
  readonly gallery?: PredictionGallery;
  readonly concentrations?: readonly ConcentrationView[];
  readonly confusion?: ConfusionView;
  readonly tables?: readonly ScoreTable[];
}

/** Images of one size in the tiles of one picture, row by row. */
export interface SpriteSheet {
  /** `data:image/…;base64,…`. */
  readonly dataUri: string;
  /** Of one tile, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Tiles in a row. */
  readonly columns: number;
  readonly count: number;
}

/** n points of the plane, such as those of t-SNE. */
export interface EmbeddingView {
  /** What made it, such as `t-SNE, perplexity 30`. */
  readonly method: string;
  /** [n]. */
  readonly x: readonly number[];
  /** [n]. */
  readonly y: readonly number[];
  /** [n]: the class of each point, an index into `classNames`. */
  readonly labels?: readonly number[];
  readonly classNames?: readonly string[];
  /** The cluster of each point at each granularity. */
  readonly prototypes?: readonly PointPrototypes[];
  /** [n]: the thumbnail of each point. */
  readonly thumbnails?: readonly number[];
}

/** The clusters of the points of an embedding at one granularity. */
export interface PointPrototypes {
  /** The number of clusters. */
  readonly k: number;
  /** [n]; -1 for a point that has none. */
  readonly assignments: readonly number[];
}

/** Some images of one cluster. */
export interface ClusterMontage {
  /** The granularity: the number of clusters. */
  readonly k: number;
  readonly cluster: number;
  /** Images in the cluster, of which some are shown. */
  readonly size: number;
  /** The commonest class, and its share of the cluster, 0 .. 1. */
  readonly topClass?: { readonly name: string; readonly share: number };
  /** Thumbnails of the images nearest to the centroid, the nearest first. */
  readonly nearest: readonly number[];
  /** Of images drawn at random from all of the cluster; none where the nearest are all that there are. */
  readonly random: readonly number[];
}

/** A prototype and the finer prototypes below it. */
export interface PrototypeNode {
  readonly name: string;
  /** Images. */
  readonly size: number;
  /** Thumbnails of the images nearest to its centroid, the nearest first. */
  readonly nearest?: readonly number[];
  readonly children?: readonly PrototypeNode[];
}

/** An image and its nearest neighbours. */
export interface Retrieval {
  readonly query: RetrievedImage;
  /** The nearest first. */
  readonly neighbours: readonly (RetrievedImage & { readonly similarity: number })[];
}

export interface RetrievedImage {
  readonly thumbnail: number;
  readonly className?: string;
}

/** The images of each class that a classifier is surest of, rightly and wrongly. */
export interface PredictionGallery {
  /** What predicts, and on which images. */
  readonly protocol: string;
  readonly classes: readonly ClassPredictions[];
}

/** Images that were taken for one class, the surest first. */
export interface ClassPredictions {
  readonly className: string;
  /** Thumbnails of images of the class. */
  readonly truePositives: readonly number[];
  /** Images of other classes, with theirs. */
  readonly falsePositives: readonly RetrievedImage[];
}

/** The concentrations φ of the clusters of one granularity. */
export interface ConcentrationView {
  readonly k: number;
  /** [k]. */
  readonly values: readonly number[];
}

/** How classes are taken for each other. */
export interface ConfusionView {
  /** What predicts, and on which images. */
  readonly protocol: string;
  readonly classNames: readonly string[];
  /** Rows are true classes, columns predicted ones. */
  readonly counts: readonly (readonly number[])[];
}

/** Scores, and how they were measured. */
export interface ScoreTable {
  readonly title: string;
  /** Features, images and settings that the scores are true for. */
  readonly protocol: string;
  readonly columns: readonly string[];
  readonly rows: readonly ScoreRow[];
}

export interface ScoreRow {
  readonly name: string;
  /** One a column; null where there is none. */
  readonly values: readonly (number | string | null)[];
}

import { chosenAgain, isPending } from '../config/automatic.js';
import { sizesFromConfig, type DataSizes } from '../config/combinations.js';
import type { ResolvedConfig } from '../config/resolveConfig.js';
import type { Config } from '../config/schema.js';
import { isFileData } from '../config/sections/data.js';
import { AUTO } from '../config/sections/automatic.js';
import type { GivenImages } from '../data/loadData.js';
import { openFolders, type ImageFolders } from '../data/openFolders.js';

/** What is known of the images of a run before any of them is read. */
export interface SeenImages {
  /** With what is chosen by the number of images. */
  readonly resolved: ResolvedConfig;
  /** Whether something was left to be chosen. */
  readonly isChosen: boolean;
  readonly sizes: DataSizes;
  /** Opened, where the images are in files. */
  readonly folders?: ImageFolders;
}

export interface LookAtImagesOptions {
  readonly images?: GivenImages;
  readonly signal?: AbortSignal;
}

/**
 * Counts the images of a run, and chooses what its configuration leaves to their number.
 *
 * @throws {ProtoclError} what the data sets throw
 */
export async function lookAtImages(
  resolved: ResolvedConfig,
  { images, signal }: LookAtImagesOptions,
): Promise<SeenImages> {
  const { config, origins } = resolved;
  const { data } = config;
  const isChosen = Object.values(origins).some(isPending);
  if (images !== undefined || !isFileData(data)) {
    const sizes = images === undefined ? sizesFromConfig(config) : sizesOfGiven(images, config);
    const seen = { count: sizes.train!, hasClasses: true };
    return { resolved: isChosen ? chosenAgain(resolved, seen, isPending) : resolved, isChosen, sizes };
  }
  const asked =
    isPending(origins['data.classes']) && data.kind === 'folder' ? { ...data, classes: AUTO } : data;
  const folders = await openFolders(asked, signal && { signal });
  const { files, classNames } = folders.train;
  const seen = { count: files.length, hasClasses: classNames.length > 0 };
  return {
    resolved: isChosen ? chosenAgain(resolved, seen, isPending) : resolved,
    isChosen,
    sizes: { train: files.length, ...(folders.test && { test: folders.test.files.length }) },
    folders,
  };
}

/** How many images of those in memory a run uses. */
export function sizesOfGiven({ train, test }: GivenImages, { data }: Config): DataSizes {
  const { limit, testLimit } = isFileData(data) ? {} : data;
  const [trains, tests] = [train.shape[0], test?.shape[0]];
  return {
    train: Math.min(trains, limit ?? trains),
    ...(tests !== undefined && { test: Math.min(tests, testLimit ?? tests) }),
  };
}

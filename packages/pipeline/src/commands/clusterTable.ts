import { pipelineError } from '../errors.js';
import type { Clustering } from './cluster.js';
import { readTable, tableOfRows, withColumns, type ImageTable } from './imageTable.js';

/** A table that gets columns, and where it is written. */
export interface ClusterTable {
  readonly path: string;
  readonly table: ImageTable;
}

export interface ClusterTableOptions {
  /** The table beside the features, if they come from a file. */
  readonly beside: string | undefined;
  /** Where to write; in the place of that table by default. */
  readonly out: string | undefined;
  /** Features, n. */
  readonly rows: number;
}

/**
 * The table of the images whose features are clustered: the one beside them, or one of row numbers.
 *
 * @returns undefined if none was asked for, or a file of another kind has the name of the one beside
 * @throws {ProtoclError} `INVALID_FEATURES` if the table beside has other rows; `INVALID_OPTION` if a file of another
 *   kind would be replaced
 */
export async function openClusterTable({
  beside,
  out,
  rows,
}: ClusterTableOptions): Promise<ClusterTable | undefined> {
  if (out !== undefined && out !== beside && (await readTable(out)) === 'foreign') throw foreign(out);
  const found = beside === undefined ? undefined : await readTable(beside);
  if (found === 'foreign' && out === beside && out !== undefined) throw foreign(out);
  const path = out ?? (found === 'foreign' ? undefined : beside);
  if (path === undefined) return undefined;
  const table = found === undefined || found === 'foreign' ? tableOfRows(rows) : found;
  if (table.rows.length === rows) return { path, table };
  throw pipelineError('INVALID_FEATURES', {
    message: 'the table beside the features has other rows than they have',
    given: `${beside}: ${table.rows.length} rows for ${rows} features`,
    expected: 'the table that was written with them',
    remedy: 'Write both again by `protocl embed`, or move the table away',
  });
}

/** What the columns of an earlier clustering are called. */
const OF_CLUSTERS = /^(cluster|distance)(_\d+)?$/;
/** What float32 has, so that the number reads back as the same. */
const DIGITS = 9;

/**
 * A table with the cluster and the distance of each row: `cluster` and `distance`, or of several clusterings
 * `cluster_250`, `distance_250` and so on. Such columns of an earlier clustering are replaced.
 */
export function withClusters(table: ImageTable, clusterings: readonly Clustering[]): ImageTable {
  const isOne = clusterings.length === 1;
  const columns = clusterings.flatMap(({ k, assignments, distances }) => [
    [isOne ? 'cluster' : `cluster_${k}`, assignments.map(String)] as const,
    [
      isOne ? 'distance' : `distance_${k}`,
      distances.map((distance) => String(Number(distance.toPrecision(DIGITS)))),
    ] as const,
  ]);
  return withColumns(table, Object.fromEntries(columns), (column) => OF_CLUSTERS.test(column));
}

function foreign(path: string): Error {
  return pipelineError('INVALID_OPTION', {
    message: 'there is a file of another kind where the clusters would be written',
    given: path,
    expected: 'no file, or a CSV that begins with the column path or row',
    remedy: 'Choose another name by --out',
  });
}

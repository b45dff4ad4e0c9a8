import { TorchBackendError } from '../errors.js';
import { fetchLibtorch } from './fetchLibtorch.js';
import { inspectLibtorch } from './inspectLibtorch.js';
import { type Libtorch, LIBTORCH_REMEDY, LibtorchDefect } from './libtorch.js';
import { recallLocation, rememberLocation } from './rememberedLocation.js';
import { type Finding, namedFolder, searchSteps, type SearchOptions } from './searchSteps.js';

export interface LocateOptions extends SearchOptions {
  /** Told one line for each step. */
  readonly log?: (line: string) => void;
  /** Whether libtorch may be downloaded where there is none. Default: true. */
  readonly allowFetch?: boolean;
}

/**
 * Finds a libtorch: the one that `PROTOCL_LIBTORCH` names, else that of the installed PyTorch, else the
 * system's, else the one in the per-user cache, which is fetched once.
 *
 * @throws TorchBackendError `LIBTORCH_BROKEN` where the named one cannot be used; `LIBTORCH_NOT_FOUND`
 *   where there is none and none may be fetched; `FETCH_FAILED` where fetching it failed.
 */
export async function locateLibtorch(options: LocateOptions = {}): Promise<Libtorch> {
  const { log = () => {}, allowFetch = true } = options;
  const named = namedFolder();
  if (named !== undefined) return inspectNamed(named, log);

  const purpose = JSON.stringify(options.systemPrefixes ?? null);
  const remembered = await inspectRemembered(purpose, log);
  if (remembered !== undefined) return remembered;

  const findings: Finding[] = [];
  for (const find of searchSteps(options)) {
    const finding = await find();
    findings.push(finding);
    log(`libtorch: ${finding.source}: ${finding.outcome === 'broken' ? 'unusable, ' : ''}${finding.detail}`);
    if (finding.libtorch === undefined) continue;
    await rememberLocation(finding.libtorch, watchedBy(findings), purpose);
    return finding.libtorch;
  }
  if (!allowFetch) throw notFound(findings);
  const fetched = await fetchLibtorch({ log });
  await rememberLocation(fetched, watchedBy(findings), purpose);
  return fetched;
}

async function inspectNamed(folder: string, log: (line: string) => void): Promise<Libtorch> {
  try {
    const libtorch = await inspectLibtorch(folder, 'PROTOCL_LIBTORCH');
    log(`libtorch: PROTOCL_LIBTORCH: ${libtorch.version} in ${libtorch.root}`);
    return libtorch;
  } catch (error) {
    if (!(error instanceof LibtorchDefect)) throw error;
    throw new TorchBackendError('LIBTORCH_BROKEN', {
      message: `The libtorch that PROTOCL_LIBTORCH names cannot be used: ${error.message}.`,
      given: folder,
      expected: 'the folder of libtorch 1.13 or later, with include and lib (or usr/include and usr/lib)',
      remedy: 'Repair or replace it, or unset PROTOCL_LIBTORCH to have another one found or fetched.',
      cause: error,
    });
  }
}

async function inspectRemembered(
  purpose: string,
  log: (line: string) => void,
): Promise<Libtorch | undefined> {
  const location = await recallLocation(purpose);
  if (location === undefined) return undefined;
  try {
    const libtorch = await inspectLibtorch(location.root, location.source);
    log(`libtorch: ${location.source}: ${libtorch.version} in ${libtorch.root}, as at an earlier start`);
    return libtorch;
  } catch (error) {
    if (!(error instanceof LibtorchDefect)) throw error;
    return undefined;
  }
}

function watchedBy(findings: readonly Finding[]): string[] {
  return findings.flatMap((finding) => finding.watched);
}

function notFound(findings: readonly Finding[]): TorchBackendError {
  return new TorchBackendError('LIBTORCH_NOT_FOUND', {
    message: `There is no libtorch that can be used: ${findings.map((finding) => `${finding.source}: ${finding.detail}`).join('; ')}.`,
    expected: 'libtorch 1.13 or later with its headers',
    remedy: `${LIBTORCH_REMEDY} Fetching it was not allowed.`,
  });
}

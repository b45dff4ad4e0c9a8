import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

import { findPeer, type Peer } from '../../bench/peer.js';
import { EmptyRoot } from './emptyRoot.js';
import { brokenByPart, brokenBySteps, returnedFiles, type ReturnedFile } from './promises.js';
import { readReport, type CheckReport } from './readReport.js';
import { gpuCheckError } from '../errors.js';

export interface RehearseOptions {
  /** The packed folders, in the order in which they are sent. */
  readonly parts: readonly string[];
  readonly device: string;
  /** What each call is allowed. */
  readonly minutes: number;
  /** Only these; all without. */
  readonly steps?: readonly string[];
  /** Whether the calls after one that breaks a promise are made too. Default false. */
  readonly keepGoing?: boolean;
  /** Keeps what came back, in a folder for each part; left out, it is removed. */
  readonly out?: string;
  /** The Python that the machine is to have; the benchmarks' peer without. */
  readonly python?: Peer;
  readonly log: (line: string) => void;
}

/** One part, sent and run. */
export interface RehearsedCall {
  /** Such as `part-1`. */
  readonly part: string;
  readonly code: number;
  readonly seconds: number;
  readonly files: readonly ReturnedFile[];
  readonly report: CheckReport | null;
  /** Which promises it breaks, in sentences without their subject, the call. */
  readonly broken: readonly string[];
}

/** How a rehearsal went. */
export interface RehearsalResult {
  readonly calls: readonly RehearsedCall[];
  /** Every promise that was broken; empty if the check is ready to travel. */
  readonly broken: readonly string[];
}

/** How much longer than its minutes a call may take until it is killed, so that one sees how late it is. */
const GRACE_SECONDS = 30;

/**
 * Does with the packed check what will be done with it on the machine that it goes to, in a root
 * filesystem as empty as that one: each part is carried there and run by a call of its own, after which
 * it is gone again and only what it unpacked is left.
 *
 * @returns what happened, broken promises included: they are a result, not an error
 * @throws {ProtoclError} `REHEARSAL_UNAVAILABLE` if this machine cannot build such a root or has no PyTorch,
 *   `REHEARSAL_ROOT_INVALID` if the root is not what it has to be, `REHEARSAL_USAGE` if a part is not there
 */
export async function rehearse(options: RehearseOptions): Promise<RehearsalResult> {
  const { parts, keepGoing = false, log } = options;
  checkParts(parts);
  const python = options.python ?? (await peerHere(log));
  const calls: RehearsedCall[] = [];
  const root = await EmptyRoot.open({ python, log });
  try {
    for (const part of parts) {
      const call = await rehearseCall(root, part, options);
      calls.push(call);
      if (call.broken.length > 0 && !keepGoing) break;
    }
  } finally {
    await root.close();
  }
  const reports = calls.flatMap(({ report }) => report ?? []);
  return {
    calls,
    broken: [
      ...calls.flatMap(({ part, broken }) => broken.map((promise) => `${part}: ${promise}`)),
      ...(calls.length < parts.length ? [`${parts.length - calls.length} more parts were not run`] : []),
      ...brokenBySteps(reports, options.steps),
    ],
  };
}

async function rehearseCall(
  root: EmptyRoot,
  part: string,
  { device, minutes, steps, out: results = root.results, log }: RehearseOptions,
): Promise<RehearsedCall> {
  const name = basename(part);
  const out = join(results, name);
  const to = `.gpu-check/${name}`;
  const only = steps === undefined ? '' : ` --only ${steps.join(',')}`;
  const command = `${to}/run --device ${device} --minutes ${minutes} --out "$OUT"${only}`;

  log(`${name}: ${command}`);
  const broken = await brokenByPart(part);
  const allowed = minutes * 60;
  const { code, seconds, output, timedOut } = await root.run({
    command,
    carried: [{ from: part, to }],
    out,
    timeoutSeconds: allowed + GRACE_SECONDS,
    log: (line) => log(`  ${line}`),
  });
  if (timedOut) {
    broken.push(`it was still running ${GRACE_SECONDS} s after its ${minutes} minutes`);
  } else if (code !== 0) {
    broken.push(`it ended with ${code}: ${output.trim().split('\n').at(-1)}`);
  }
  if (!timedOut && seconds > allowed) {
    broken.push(`it took ${seconds.toFixed(1)} s, more than its ${minutes} minutes`);
  }
  const returned = await returnedFiles(out);
  const report = await readReport(out);
  broken.push(...returned.broken, ...('wrong' in report ? [report.wrong] : []));
  log(`${name}: ${broken.length === 0 ? 'kept its promises' : broken.join('; ')} (${seconds.toFixed(1)} s)`);
  return {
    part: name,
    code,
    seconds,
    files: returned.files,
    report: 'wrong' in report ? null : report,
    broken,
  };
}

function checkParts(parts: readonly string[]): void {
  const missing = parts.filter((part) => !existsSync(join(part, 'run')));
  if (parts.length > 0 && missing.length === 0) return;
  throw gpuCheckError('REHEARSAL_USAGE', {
    message: parts.length === 0 ? 'There is nothing to rehearse' : `${missing.join(', ')} has no run`,
    expected: 'folders that were packed, the first one included',
    remedy: 'Pack them with `npm run gpu-check -- pack`',
  });
}

async function peerHere(log: (line: string) => void): Promise<Peer> {
  const peer = await findPeer({ device: 'cpu', report: log });
  if (peer !== null) return peer;
  throw gpuCheckError('REHEARSAL_UNAVAILABLE', {
    message: 'There is no PyTorch to rehearse with; see above for what was tried',
    remedy: 'Name a Python that has one in PROTOCL_PEER_PYTHON',
  });
}

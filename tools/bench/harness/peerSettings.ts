import { benchError } from './benchError.js';
import type { Case } from './comparison.js';

/**
 * Keeps of the peer's ways only those whose name contains a text, and only the cases that have one.
 *
 * @throws {ProtoclError} `BENCH_USAGE`, which lists all settings, if no case has one
 */
export function withPeerSetting(cases: readonly Case[], setting: string | undefined): readonly Case[] {
  if (setting === undefined) return cases;
  const pinned = cases
    .map((one) => ({ ...one, peers: one.peers.filter(({ variant }) => variant.includes(setting)) }))
    .filter(({ peers }) => peers.length > 0);
  if (pinned.length > 0) return pinned;
  throw benchError('BENCH_USAGE', {
    message: 'no case has a setting of the peer with the text of --peer-setting in its name',
    given: setting,
    expected: `a part of one of:\n${describeSettings(cases)}`,
  });
}

/** The settings of the peer that each case tries, one line a case. */
export function describeSettings(cases: readonly Case[]): string {
  return cases
    .map(({ name, peers }) => {
      const settings = peers.map(
        ({ variant, aside }) => (variant || 'the only one') + (aside ? ' (aside)' : ''),
      );
      return `${name}: ${settings.join(' | ')}`;
    })
    .join('\n');
}

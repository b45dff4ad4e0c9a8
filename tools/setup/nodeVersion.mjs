/** The oldest Node.js that runs this repository. */
export const oldestNode = '20.19.0';

/**
 * What to tell someone whose Node.js is too old; null when it is new enough.
 *
 * @param {string} version as in `process.versions.node`
 * @returns {string | null}
 */
export function nodeComplaint(version) {
  const given = version.split('.').map(Number);
  const oldest = oldestNode.split('.').map(Number);
  const difference = oldest.map((part, index) => (given[index] ?? 0) - part).find((part) => part !== 0) ?? 0;
  if (difference >= 0) return null;
  return (
    `This repository needs Node.js ${oldestNode} or newer, and this is ${version} (${process.execPath}). ` +
    'Get a newer one from https://nodejs.org or through a version manager (for example `nvm install 22`).'
  );
}

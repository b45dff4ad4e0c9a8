export const MIB = 2 ** 20;

/** What the machines that the check is made for take and give back. */
export const LIMITS = {
  /** Of a part: what such a machine takes in one call, less the repository that may travel beside it. */
  partBytes: 55 * MIB,
  /** How many files come back from a call. */
  files: 8,
  fileBytes: 16 * MIB,
  allFilesBytes: 64 * MIB,
  /** How deep below `OUT` they may lie. */
  folders: 2,
} as const;

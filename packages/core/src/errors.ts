import { isShallow } from './nesting.js';

/** What a {@link ProtoclError} is made of; every part is optional but a good error has them all. */
export interface ProtoclErrorDetails {
  /** One sentence that says what went wrong, without a full stop. */
  readonly message?: string;
  /** The offending value, or a description of it. */
  readonly given?: unknown;
  /** What would have been accepted. */
  readonly expected?: string;
  /** What the reader can do about it. */
  readonly remedy?: string;
  /** The lower-level error that led to this one. */
  readonly cause?: unknown;
}

/** The form a {@link ProtoclError} takes in a log or a message between processes. */
export interface SerializedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly given?: string;
  readonly expected?: string;
  readonly remedy?: string;
  readonly cause?: SerializedError;
}

/**
 * The error that every package throws: a stable `code` to switch on, and the parts that its message
 * is composed of (what was given, what was expected, what to do).
 *
 * A package narrows `Code` to the union of its own codes. Codes are upper snake case and are never
 * renamed once released.
 */
export class ProtoclError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly given: unknown;
  readonly expected: string | undefined;
  readonly remedy: string | undefined;

  constructor(code: Code, details: ProtoclErrorDetails = {}) {
    super(composeMessage(code, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ProtoclError';
    this.code = code;
    this.given = details.given;
    this.expected = details.expected;
    this.remedy = details.remedy;
  }

  /** The error as plain data, its chain of causes included; safe to pass to `JSON.stringify`. */
  toJSON(): SerializedError {
    return serializeError(this);
  }
}

/** Whether `error` is a {@link ProtoclError}, and one with the given code where a code is passed. */
export function isProtoclError<Code extends string = string>(
  error: unknown,
  code?: Code,
): error is ProtoclError<Code> {
  return error instanceof ProtoclError && (code === undefined || error.code === code);
}

/**
 * Turns anything that was thrown into plain data, its chain of causes included.
 *
 * @param error an `Error`, or whatever else a library threw
 * @returns an object of strings only, safe to pass to `JSON.stringify`
 */
export function serializeError(error: unknown): SerializedError {
  return serializeChain(error, new Set());
}

function serializeChain(error: unknown, seen: Set<unknown>): SerializedError {
  if (!(error instanceof Error)) return { name: 'NonError', message: describeValue(error) };
  seen.add(error);
  const { code, given, expected, remedy } = error as Partial<ProtoclError>;
  const { cause } = error;
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(given !== undefined && { given: describeValue(given) }),
    ...(typeof expected === 'string' && { expected }),
    ...(typeof remedy === 'string' && { remedy }),
    // A chain that runs into itself is cut rather than followed for ever.
    ...(cause !== undefined && !seen.has(cause) && { cause: serializeChain(cause, seen) }),
  };
}

function composeMessage(code: string, details: ProtoclErrorDetails): string {
  const { given, expected, remedy } = details;
  const sentences = [details.message ?? code.toLowerCase().replaceAll('_', ' ')];
  if (given !== undefined) sentences.push(`given: ${describeValue(given)}`);
  if (expected !== undefined) sentences.push(`expected: ${expected}`);
  if (remedy !== undefined) sentences.push(remedy);
  return sentences
    .map((sentence) => `${sentence.replace(/[.\s]+$/, '')}${/\?\s*$/.test(sentence) ? '' : '.'}`)
    .join(' ');
}

const LONGEST_DESCRIPTION = 200;

/** A value as one short line: strings as they are, everything else as JSON where that works. */
function describeValue(value: unknown): string {
  const text = typeof value === 'string' ? value : jsonOrString(value);
  return text.length <= LONGEST_DESCRIPTION ? text : `${text.slice(0, LONGEST_DESCRIPTION)}…`;
}

function jsonOrString(value: unknown): string {
  // JSON has no NaN or Infinity (it writes null), and those are the values worth reporting.
  if (typeof value === 'number') return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (!isShallow(value)) return Array.isArray(value) ? 'a list of great depth' : 'an object of great depth';
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

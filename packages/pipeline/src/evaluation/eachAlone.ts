import { isProtoclError, serializeError, type SerializedError } from '@protocl/core';
import type { Evaluation } from '@protocl/evaluators';

/** What evaluators found, and why some of them found nothing. */
export interface Outcomes<Name extends string> {
  readonly evaluations: Readonly<Partial<Record<Name, Evaluation>>>;
  /** The errors of those that could not judge, as plain data; each has a `message` that says all. */
  readonly failures: Readonly<Partial<Record<Name, SerializedError>>>;
}

export interface EachAloneOptions {
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs evaluators one after the other, in their order. One that throws leaves the others alone.
 *
 * @throws the signal's reason
 */
export async function eachAlone<Name extends string>(
  evaluators: Readonly<Partial<Record<Name, (() => Promise<Evaluation>) | undefined>>>,
  { log, signal }: EachAloneOptions = {},
): Promise<Outcomes<Name>> {
  const evaluations: Partial<Record<Name, Evaluation>> = {};
  const failures: Partial<Record<Name, SerializedError>> = {};
  for (const [name, judge] of Object.entries(evaluators) as [
    Name,
    (() => Promise<Evaluation>) | undefined,
  ][]) {
    if (judge === undefined) continue;
    signal?.throwIfAborted();
    try {
      const { scores, settings } = await judge();
      evaluations[name] = { scores, settings };
    } catch (error) {
      signal?.throwIfAborted();
      failures[name] = serializeError(error);
      // What is no answer to the input is a fault, whose place matters.
      if (!isProtoclError(error)) log?.(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return { evaluations, failures };
}

import { InvalidArgumentError } from 'commander';

/** Reads a whole number from a flag. */
export function whole(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('Expected a whole number from 0.');
}

/** Reads whole numbers, divided by commas, from a flag. */
export function counts(text: string): number[] {
  return text.split(',').map(whole);
}

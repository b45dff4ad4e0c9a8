import { InvalidArgumentError } from 'commander';

/** Reads a whole number from a flag. */
export function whole(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('Expected a whole number from 0.');
}

/** Reads a whole number that is not zero from a flag. */
export function atLeastOne(text: string): number {
  if (whole(text) >= 1) return whole(text);
  throw new InvalidArgumentError('It has to be a whole number of at least 1.');
}

/** Reads whole numbers, divided by commas, from a flag. */
export function counts(text: string): number[] {
  return text.split(',').map(whole);
}

/** Reads numbers above 0, divided by commas, from a flag. */
export function numbersAboveZero(text: string): number[] {
  return text.split(',').map((part) => {
    const value = Number(part);
    if (part.trim() !== '' && Number.isFinite(value) && value > 0) return value;
    throw new InvalidArgumentError('Expected numbers above 0, such as 0.01,0.1.');
  });
}

/** Reads percents above 0 and up to 100, divided by commas, as shares of 1. */
export function percents(text: string): number[] {
  return text.split(',').map((part) => {
    const value = Number(part.replace(/%$/, ''));
    if (part.trim() !== '' && value > 0 && value <= 100) return value / 100;
    throw new InvalidArgumentError('Expected percents above 0 and up to 100, such as 1,10.');
  });
}

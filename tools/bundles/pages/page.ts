/** What a page found, each beside what it has to be: numbers to two digits. */
export type Findings = Readonly<Record<string, readonly [found: number | string, expected: number | string]>>;

/** A program of a few lines that uses one package as a page would, on whatever backend is active. */
export type Page = () => Promise<Findings>;

/** Where the same program also runs, as a process. */
export function isInNode(): boolean {
  return typeof process !== 'undefined';
}

/** The code of the error that a call ends with. */
export async function codeOf(call: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof call === 'function' ? call() : call);
    return 'no error';
  } catch (error) {
    return String((error as { readonly code?: unknown }).code ?? error);
  }
}

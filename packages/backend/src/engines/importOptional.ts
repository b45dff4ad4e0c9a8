import { backendError } from '../errors.js';
import { isNode } from './platform.js';

/**
 * Loads a package that may not be installed.
 *
 * @throws BackendError `BACKEND_UNAVAILABLE` that names the package and how to install it, or on a page
 *   to import it, or says why it could not be loaded
 */
export async function importOptional<Module>(packageName: string): Promise<Module> {
  try {
    // A bundler must not follow this: most of these packages are not installed.
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ packageName)) as Module;
  } catch (error) {
    if (!isNode()) throw notOnThePage(packageName, error);
    if (isMissing(packageName, error)) {
      throw backendError('BACKEND_UNAVAILABLE', {
        message: `The package ${packageName} is not installed`,
        remedy: `Install it with: npm install ${packageName}`,
      });
    }
    throw backendError('BACKEND_UNAVAILABLE', {
      message: `The package ${packageName} could not be loaded (${firstLine(error)})`,
      remedy: `Reinstall it, or choose another backend`,
      cause: error,
    });
  }
}

/** A page finds a package by its name only where an import map has it, so it mostly has to import it itself. */
function notOnThePage(packageName: string, cause: unknown): Error {
  return backendError('BACKEND_UNAVAILABLE', {
    message: `The package ${packageName} is not part of this page`,
    remedy: `Import it before calling useBackend: import '${packageName}'`,
    cause,
  });
}

function isMissing(packageName: string, error: unknown): boolean {
  const { code, message } = error as Partial<NodeJS.ErrnoException>;
  // Another package's absence is a broken installation of this one, not its absence.
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return isNotFound && message?.includes(`'${packageName}'`) === true;
}

/** What an error says, on one line. */
export function firstLine(error: unknown): string {
  // The wasm backend throws objects that are no errors.
  const { message } = (error ?? {}) as { readonly message?: unknown };
  const text = typeof message === 'string' ? message : String(error);
  return (text.trim().split('\n')[0] ?? '').trim();
}

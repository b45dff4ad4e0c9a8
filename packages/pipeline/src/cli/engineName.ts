import { BACKEND_NAMES, type BackendName } from '@protocl/backend';

/** Whether a flag names an engine; a name that is none is refused with the configuration of the checkpoint. */
export function isBackend(name: string | undefined): name is BackendName | 'auto' {
  return name === 'auto' || (BACKEND_NAMES as readonly (string | undefined)[]).includes(name);
}

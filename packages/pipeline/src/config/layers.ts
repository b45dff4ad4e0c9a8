/** A part of a configuration as it was written down, and where that was. */
export interface ConfigLayer {
  /** Such as `preset pcl-demo`, `protocl.yaml` or `--epochs`. */
  readonly origin: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Several layers laid over each other. */
export interface MergedLayers {
  readonly values: Record<string, unknown>;
  /** For the dotted path of every value that is not itself an object: the layer it comes from. */
  readonly origins: Readonly<Record<string, string>>;
}

/**
 * Lays configurations over each other, later ones over earlier ones. Objects are merged key by key,
 * everything else, lists included, is replaced as a whole. An object that changes its `kind` replaces
 * the old one entirely, since the settings of one kind mean nothing to another.
 */
export function mergeLayers(layers: readonly ConfigLayer[]): MergedLayers {
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const { origin, values: above } of layers) lay(values, above, '', origin, origins);
  return { values, origins };
}

function lay(
  below: Record<string, unknown>,
  above: Readonly<Record<string, unknown>>,
  prefix: string,
  origin: string,
  origins: Record<string, string>,
): void {
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const path = `${prefix}${key}`;
    const old = Object.hasOwn(below, key) ? below[key] : undefined;
    if (!isPlainObject(value)) {
      forget(origins, path);
      define(below, key, copyOf(value));
      origins[path] = origin;
      continue;
    }
    const keepsOld = isPlainObject(old) && (value['kind'] === undefined || value['kind'] === old['kind']);
    if (!keepsOld) forget(origins, path);
    const target: Record<string, unknown> = keepsOld ? old : {};
    define(below, key, target);
    lay(target, value, `${path}.`, origin, origins);
  }
}

/** Lists and objects anew; all else, such as a function that a module exports, as it is, to be refused later. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]));
}

/** Sets an own property even for a key such as `__proto__`, which then is refused as unknown. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

function forget(origins: Record<string, string>, path: string): void {
  for (const known of Object.keys(origins)) {
    // The origins are a plain record of this file's own making.
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
    if (known === path || known.startsWith(`${path}.`)) delete origins[known];
  }
}

/** Whether a value is an object literal: what configurations nest. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The dotted paths of all values that are not objects themselves, in order. */
export function leafPaths(values: Readonly<Record<string, unknown>>, prefix = ''): string[] {
  return Object.entries(values).flatMap(([key, value]) =>
    isPlainObject(value) ? leafPaths(value, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
}

/** The value at a dotted path; undefined where there is none. */
export function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let value = values;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

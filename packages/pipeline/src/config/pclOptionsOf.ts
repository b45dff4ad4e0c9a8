import type { Config } from './schema.js';

/** What the method is made with. */
export function pclOptionsOf({
  method,
  seed,
}: Pick<Config, 'method' | 'seed'>): Omit<Config['method'], 'kind'> & { readonly seed: number } {
  const { kind, ...options } = method;
  kind satisfies 'pcl';
  return { ...options, seed };
}

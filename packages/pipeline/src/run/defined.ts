type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** An object without the keys that are undefined: what optional settings of zod are passed on as. */
export function defined<T extends object>(object: T): Partial<Defined<T>> {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Defined<T>>;
}

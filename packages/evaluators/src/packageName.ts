/** The name under which npm knows this package. */
export const packageName = '@protocl/evaluators';

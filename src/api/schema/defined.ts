/** The type without `undefined`: optional keys are absent instead. */
export type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** The object without its undefined values, as `exactOptionalPropertyTypes` requires. */
export function definedOnly<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}

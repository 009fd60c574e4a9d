/** An object type whose optional keys are absent rather than undefined. */
export type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** The object without the keys whose value is undefined, as `exactOptionalPropertyTypes` wants it. */
export function definedOnly<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}

/**
 * Sorts rows and drops all but the first. Whoever reads many rows for the sake of a few calls this
 * now and then: the thread's memory has room for some 100,000 of them.
 */
export function keepFirst<T>(rows: T[], most: number, compare: (a: T, b: T) => number): void {
  rows.sort(compare)
  rows.length = Math.min(rows.length, most)
}

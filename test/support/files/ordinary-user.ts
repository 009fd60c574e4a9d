/** The id of a user and a group without rights: nobody. */
export const NOBODY = 65_534

/** Runs a part of a test as a user for whom modes count, as they don't for root. */
export async function asOrdinaryUser(part: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return part()
  process.setegid?.(NOBODY)
  process.seteuid?.(NOBODY)
  try {
    await part()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

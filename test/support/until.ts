import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Polls until `probe` returns something other than undefined or false, and returns that. Throws
 * after `withinMs`, and says what did not come.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`it did not come within ${withinMs} ms: ${what}`)
    await sleep(20)
  }
}

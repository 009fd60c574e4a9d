import { setTimeout as sleep } from 'node:timers/promises'

/** Polls until `probe` gives something other than undefined or false, and returns it. Fails after `withinMs`, saying what was waited for. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for: ${what}`)
    await sleep(20)
  }
}

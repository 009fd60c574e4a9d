import type { CliSession } from '../context.ts'
import { formatDuration, printable } from './format.ts'
import { note } from './output.ts'
import { cutText } from './width.ts'

const LOOK_MS = 500
/** A peer that takes longer than this to answer is named. */
const PATIENCE_MS = 2_000

/**
 * Runs `work`; meanwhile tells which peers take their time to answer: on a terminal in a line that
 * follows, else once for each.
 */
export async function watchingPeers<T>(session: CliSession, work: () => Promise<T>): Promise<T> {
  const ended = new AbortController()
  const watching = watch(session, AbortSignal.any([ended.signal, session.signal]))
  try {
    return await work()
  } finally {
    ended.abort()
    await watching
  }
}

async function watch({ grove, output, clock, json }: CliSession, signal: AbortSignal) {
  const told = new Set<string>()
  const isTerminal = output.notes.isTTY === true
  try {
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal)
      const { asking = [] } = await grove.syncStatus({}, { signal })
      const slow = asking.filter(({ forMs }) => forMs >= PATIENCE_MS)
      if (isTerminal)
        output.notes.write(`\r\u001b[K${waitingText(slow, output.notes.columns ?? 80)}`)
      else if (!json)
        for (const { address } of slow)
          if (!told.has(address)) {
            told.add(address)
            note(output, `waiting for ${printable(address)}`)
          }
    }
  } catch {
    // The round goes on without this, and reports itself if something is wrong.
  } finally {
    if (isTerminal) output.notes.write('\r\u001b[K')
  }
}

/** `waiting 3.2 s for http://a, 2.0 s for http://b`, in one line. Pure. */
export function waitingText(
  slow: readonly { readonly address: string; readonly forMs: number }[],
  width: number,
): string {
  if (slow.length === 0) return ''
  const peers = slow.map(
    ({ address, forMs }) => `${formatDuration(forMs)} for ${printable(address)}`,
  )
  return cutText(`waiting ${peers.join(', ')}`, width - 1)
}

import type { GroveEvent } from '../../core/wire/events.ts'
import type { CliSession } from '../context.ts'
import { short } from './format.ts'
import { Progress } from './progress.ts'

/**
 * Runs `work`; meanwhile, if stderr is a terminal, a progress line follows the grove's transfers.
 */
export async function watchingTransfers<T>(
  session: CliSession,
  work: () => Promise<T>,
): Promise<T> {
  if (session.output.notes.isTTY !== true) return work()
  const ended = new AbortController()
  const progress = new Progress(session.output, session.clock)
  const following = follow(session, progress, ended.signal)
  try {
    return await work()
  } finally {
    ended.abort()
    await following
    progress.clear()
  }
}

async function follow(
  { grove }: CliSession,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const transfers = new Map<string, { received: number; size: number }>()
  try {
    for await (const event of grove.events({ signal })) {
      if (event.type !== 'transfer' || signal.aborted) continue
      transfers.set(event.hash, { received: event.receivedBytes, size: event.sizeBytes })
      progress.update(progressOf(event, [...transfers.values()]))
    }
  } catch {
    // The work goes on without a progress line, and reports itself if something is wrong.
  }
}

function progressOf(
  event: Extract<GroveEvent, { type: 'transfer' }>,
  transfers: readonly { received: number; size: number }[],
) {
  const sum = (key: 'received' | 'size') =>
    transfers.reduce((total, transfer) => total + transfer[key], 0)
  const known = transfers.every((transfer) => transfer.size >= 0)
  return {
    label: short(event.hash),
    doneBytes: sum('received'),
    totalBytes: known ? sum('size') : undefined,
  }
}

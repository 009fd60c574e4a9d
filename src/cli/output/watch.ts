import type { GroveEvent } from '../../core/wire/events.ts'
import type { CliSession } from '../context.ts'
import { plural, short } from './format.ts'
import { Progress, type ProgressState } from './progress.ts'

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

/**
 * Sizes become known one after the other, so several transfers have no whole that a share could be
 * told of.
 */
export function progressOf(
  { hash, sizeBytes }: Extract<GroveEvent, { type: 'transfer' }>,
  transfers: readonly { readonly received: number; readonly size: number }[],
): ProgressState {
  const doneBytes = transfers.reduce((total, { received }) => total + received, 0)
  const count = transfers.length
  return count === 1
    ? { label: short(hash), doneBytes, totalBytes: sizeBytes }
    : { label: plural(count, 'artifact'), doneBytes, totalBytes: undefined }
}

import { isGroveError } from '../../core/errors.ts'
import type { GroveEvent } from '../../core/wire/events.ts'
import type { Clock } from '../../ports/clock.ts'

/** A block of an event stream: an event, a new position, or both. */
export interface SentEvent {
  /** Where the stream can be resumed; undefined if the block doesn't say. */
  readonly id: string | undefined
  readonly data: string | undefined
}

/**
 * The blocks of server-sent events, in order, without comments and other fields (HTML Standard
 * §9.2.6).
 */
export async function* serverSentEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<SentEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let id: string | undefined
  let data: string[] = []
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(contentOf(line, 'data:'))
      else if (line.startsWith('id:')) id = contentOf(line, 'id:')
      else if (line === '' && (data.length > 0 || id !== undefined)) {
        yield { id, data: data.length > 0 ? data.join('\n') : undefined }
        id = undefined
        data = []
      }
    }
  }
}

const contentOf = (line: string, field: string) => line.slice(field.length).replace(/^ /, '')

/** Attempts in a row to resume a stream, and the waits before them. */
const RESUMES_MAX = 10
const FIRST_WAIT_MS = 100
const WAIT_MAX_MS = 5_000
/** After a connection that lasted this long, attempts are counted from zero again. */
const SOUND_MS = 15_000

interface ResumeOptions {
  readonly signal: AbortSignal
  readonly after: string | undefined
  readonly clock: Clock
}

/**
 * The events of a stream that is resumed from its last id whenever it is cut or ends, so that every
 * contribution comes exactly once. Ends when the signal aborts. Throws the error of the first
 * connection, and that of the last attempt when all fail.
 */
export async function* resuming(
  connect: (after: string | undefined) => AsyncIterable<SentEvent>,
  { signal, after, clock }: ResumeOptions,
): AsyncGenerator<GroveEvent> {
  let position = after
  let hasConnected = false
  for (let attempt = 0; !signal.aborted; ) {
    const begunAt = clock.now()
    let failure: unknown
    try {
      for await (const { id, data } of connect(position)) {
        hasConnected = true
        position = id ?? position
        if (data === undefined) continue
        attempt = 0
        yield JSON.parse(data) as GroveEvent
      }
    } catch (error) {
      if (signal.aborted) return
      if (!hasConnected || !isPassing(error)) throw error
      failure = error
    }
    if (clock.now() - begunAt > SOUND_MS) attempt = 0
    if (attempt === RESUMES_MAX) {
      if (failure === undefined) return
      throw failure
    }
    await clock.sleep(waitMs(attempt++), signal).catch(() => {})
  }
}

const waitMs = (attempt: number) => Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** attempt)

/** Whether a later attempt may succeed: the server is away or busy. */
const isPassing = (error: unknown) =>
  isGroveError(error) && (error.code === 'server-unreachable' || error.kind.retryable)

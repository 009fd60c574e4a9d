import { GroveError, isGroveError } from '../../core/errors.ts'
import type { GroveApi } from '../client/api.ts'
import { isThisUsers, readHolder } from './holder.ts'
import { lastingApi } from './lasting-api.ts'
import type { Leaving } from './leaving.ts'
import { type GroveSession, type VisitOptions, visit } from './session.ts'

/** How long to try for a directory that is in use by a process that can't be reached. */
const PATIENCE_MS = 10_000
const LOOK_AGAIN_MS = 40
/** How long who has left the directory to another process lets that process have it. */
const LEAVE_MS = 1_500
/** Time for this process's own calls when another process asks for the directory. */
const GRACE_MS = 3_000
/** How often in a row the holder may be lost during one call. */
const LOSSES_MAX = 10

export interface SharedOptions extends VisitOptions {
  /** Opens the directory in this process. Throws `storage-locked` if another one has it open. */
  hold(leaving: Leaving): Promise<GroveSession>
}

/**
 * The grove of a directory that several processes use at once. The first opens it; the others ask
 * the first. When that ends, the next that makes a call opens the directory, and calls that were
 * under way are made again: a publish keeps its date, so that it is the same contribution.
 */
export class SharedGrove {
  readonly api: GroveApi
  readonly #options: SharedOptions
  readonly #closing = new AbortController()
  readonly #calls = new Set<Promise<unknown>>()
  #session: Promise<GroveSession> | undefined
  #leaving: Promise<void> = Promise.resolve()
  #holdsAgainAt = 0
  /** Calls under way that can't be made again. */
  #pinned = 0

  constructor(options: SharedOptions) {
    this.#options = options
    this.api = lastingApi({
      clock: options.clock,
      // Who answers has proved that it has the directory open.
      isLocal: isThisUsers(options.dir),
      closing: this.#closing.signal,
      session: (signal) => this.session(signal),
      attempt: (call, signal) => this.#attempt(call, signal),
      pinned: (call) => this.#pin(call),
      lost: (session, error) => this.#isLost(session, error),
      close: () => this.close(),
    })
  }

  /**
   * The way to the grove now. Throws `storage-locked` if the directory is in use by a process that
   * can't be reached, and what opening it throws.
   */
  session(signal?: AbortSignal): Promise<GroveSession> {
    this.#session ??= this.#acquire().catch((error: unknown) => {
      this.#session = undefined
      throw error
    })
    return unlessAborted(this.#session, signal)
  }

  /** Ends all calls. If this process has the directory open, another one can open it then. */
  async close(): Promise<void> {
    this.#closing.abort(new GroveError('shutting-down'))
    const session = await this.#session?.catch(() => undefined)
    await session?.close()
    await this.#leaving
  }

  async #acquire(): Promise<GroveSession> {
    const { clock } = this.#options
    const deadline = clock.now() + PATIENCE_MS
    for (;;) {
      const session = (await this.#visit()) ?? (await this.#hold(deadline))
      if (session !== undefined) return session
      await clock.sleep(LOOK_AGAIN_MS, this.#closing.signal)
    }
  }

  async #visit(): Promise<GroveSession | undefined> {
    try {
      return await visit(this.#options)
    } catch (error) {
      if (isAway(error)) return undefined
      throw error
    }
  }

  /** Undefined if another process has the directory open and the deadline is not over. */
  async #hold(deadline: number): Promise<GroveSession | undefined> {
    const { clock, hold } = this.#options
    this.#closing.signal.throwIfAborted()
    if (clock.now() < this.#holdsAgainAt) return undefined
    let session: GroveSession | undefined
    const leave = () => {
      if (session !== undefined) this.#leaving = this.#leave(session)
    }
    try {
      session = await hold({ canLeave: () => this.#pinned === 0, leave })
    } catch (error) {
      if (!isGroveError(error, 'storage-locked')) throw error
      if (clock.now() > deadline) throw await this.#locked(error)
      return undefined
    }
    if (!this.#closing.signal.aborted) return session
    await session.close()
    throw this.#closing.signal.reason
  }

  /** The error that says who has the directory open, where that process has left a note. */
  async #locked(cause: GroveError): Promise<GroveError> {
    const holder = await readHolder(this.#options.dir)
    if (holder === undefined || !isRunning(holder.pid)) return cause
    const { pid, role } = holder
    const { dir } = this.#options
    const message = `${dir} is in use by process ${pid} (${role}), which can't be reached: end it`
    return new GroveError('storage-locked', { dir, pid }, { cause, message })
  }

  async #leave(session: GroveSession): Promise<void> {
    const { clock } = this.#options
    this.#session = undefined
    this.#holdsAgainAt = clock.now() + LEAVE_MS
    const grace = new AbortController()
    const isOver = clock.sleep(GRACE_MS, AbortSignal.any([grace.signal, this.#closing.signal]))
    await Promise.race([Promise.allSettled(this.#calls), isOver.catch(() => {})])
    grace.abort()
    await session.close()
  }

  async #attempt<T>(call: (session: GroveSession) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let losses = 0; ; losses++) {
      const session = await this.session(signal)
      try {
        return await this.#tracked(call(session))
      } catch (error) {
        const isLost = await this.#isLost(session, error)
        if (!isLost || signal?.aborted === true || losses === LOSSES_MAX) throw error
      }
    }
  }

  async #tracked<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call)
    try {
      return await call
    } finally {
      this.#calls.delete(call)
    }
  }

  async #pin<T>(call: () => Promise<T>): Promise<T> {
    this.#pinned += 1
    try {
      return await call()
    } finally {
      this.#pinned -= 1
    }
  }

  /** Whether the call failed because the holder has gone. Then the next call looks for another. */
  async #isLost(session: GroveSession, error: unknown): Promise<boolean> {
    if (this.#closing.signal.aborted) return false
    const isCurrent = (await this.#session?.catch(() => undefined)) === session
    const isOver = !isCurrent && isGroveError(error, 'aborted')
    if (!isAway(error) && !isOver) return false
    if (isCurrent) this.#session = undefined
    if (session.kind === 'guest') session.retire().catch(() => {})
    return true
  }
}

/** Whether an error says that the other side isn't there, or won't be for long. */
const isAway = (error: unknown) =>
  isGroveError(error, 'shutting-down') ||
  (isGroveError(error, 'server-unreachable') && error.details.status === undefined)

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    // Gone, or another user's, who is not the one to be found here.
    return false
  }
}

/** The promise's result, unless the signal aborts first. Throws `aborted`. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new GroveError('aborted', {}, { cause: signal.reason }))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

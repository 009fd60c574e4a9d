import { isGroveError } from '../../core/errors.ts'
import type { AdmissionMode } from '../../core/peers/admission.ts'
import type { Clock } from '../../ports/clock.ts'
import type { OriginStore, RecountStep } from '../../ports/origin-store.ts'
import type { Access } from './access.ts'

/** Between two steps, so that others have the thread that writes. */
const STEP_GAP_MS = 2
/** Where nothing can be stored now, it is tried again. */
const RETRY_MS = 10_000
/** The longest wait for the end of a standing: timers know no longer ones. */
const END_MAX_MS = 24 * 3_600_000

export interface RecountingOptions {
  readonly access: Pick<Access, 'keys' | 'standings' | 'watch'>
  readonly origins: Pick<OriginStore, 'judge' | 'recount'>
  /** Which groves are admitted. Default: as it was said to the store last. */
  readonly admission?: AdmissionMode | undefined
  readonly clock: Pick<Clock, 'now'>
  /** Runs a task after a while, unless the grove closes; the last call for a name counts. */
  readonly later: (name: string, delayMs: number, task: () => Promise<void>) => void
  /** Something has moved. */
  readonly moved: (step: RecountStep) => void
}

/**
 * Keeps what counts in step with who counts: at the start, after each change, and when a standing
 * ends by itself. What is stored is judged again step by step, in the background. The store knows
 * how far it has come, so that a start goes on where the last one ended.
 */
export class Recounting {
  readonly #options: RecountingOptions
  /** Whether the store is still to be told of a change. */
  #isChanged = false
  #isUnderWay = false
  /** Ends when the store has been told of the last change. */
  #told: Promise<void> = Promise.resolve()

  constructor(options: RecountingOptions) {
    this.#options = options
  }

  /** Whether signals and rankings are a mix of before and after a change. */
  get isUnderWay(): boolean {
    return this.#isChanged || this.#isUnderWay
  }

  /** Tells the store who counts, from now on after each change. */
  async start(): Promise<void> {
    this.#options.access.watch(() => this.#applyLater(0))
    await this.#apply()
  }

  #applyLater(delayMs: number): void {
    this.#isChanged = true
    this.#options.later('change of who counts', delayMs, () => this.#apply())
  }

  /** One change after another: else the store could be told last of what was first. */
  #apply(): Promise<void> {
    const tell = () => this.#tell()
    this.#told = this.#told.then(tell, tell)
    return this.#told
  }

  async #tell(): Promise<void> {
    const { access, origins, admission } = this.#options
    this.#awaitEnd()
    try {
      this.#isUnderWay = true
      this.#isChanged = false
      const [standings, aliases] = [access.keys.all(), access.keys.aliases()]
      this.#isUnderWay = await origins.judge({ admission, standings, aliases })
    } catch (error) {
      if (!isGroveError(error)) throw error
      this.#applyLater(RETRY_MS)
    }
    if (this.#isUnderWay) this.#stepLater(0)
  }

  #stepLater(delayMs: number): void {
    this.#options.later('recount', delayMs, () => this.#step())
  }

  async #step(): Promise<void> {
    try {
      const step = await this.#options.origins.recount()
      this.#isUnderWay = !step.isDone
      if (step.hasMoved) this.#options.moved(step)
    } catch (error) {
      if (!isGroveError(error)) throw error
      this.#stepLater(RETRY_MS)
      return
    }
    if (this.#isUnderWay) this.#stepLater(STEP_GAP_MS)
  }

  #awaitEnd(): void {
    const end = this.#options.access.standings.nextEnd()
    if (end === undefined) return
    const delayMs = Math.max(0, end - this.#options.clock.now())
    this.#options.later('end of a standing', Math.min(delayMs, END_MAX_MS), () => this.#apply())
  }
}

import { lookup as bySystem, type LookupAddress } from 'node:dns'
import { BoundedMap } from '../../concurrency/bounded.ts'
import type { LookupAll } from '../guard.ts'

/** Names of strangers that are looked up at once. Node has two threads for look-ups. */
const STRANGERS_MAX = 1
/** Names of strangers that wait for that. */
const STRANGERS_WAITING_MAX = 64
/** Names that are remembered as reached. */
const REACHED_MAX = 4_096

type Found = (error: NodeJS.ErrnoException | null, all: LookupAddress[]) => void

interface Waiting {
  readonly name: string
  readonly callbacks: Found[]
}

interface LookupsOptions {
  /** Whether the operator gave the name. Default: none. */
  readonly isGiven?: ((name: string) => boolean) | undefined
  /** Default: the system's. */
  readonly lookup?: LookupAll | undefined
}

/**
 * Looks names up, so that nobody waits for strangers. A look-up keeps a thread for as long as the
 * name server of that very name wants, and anybody can name names: strangers' go one after the
 * other, those that were reached before first. Names that the operator gave never wait for them.
 */
export class Lookups {
  readonly #isGiven: (name: string) => boolean
  readonly #lookupAll: LookupAll
  readonly #reached = new BoundedMap<string, true>(REACHED_MAX)
  /** Look-ups under way, by name: who asks for the same name meanwhile shares the answer. */
  readonly #running = new Map<string, Found[]>()
  readonly #waiting: Waiting[] = []
  #strangers = 0

  constructor({ isGiven = () => false, lookup = bySystem }: LookupsOptions) {
    this.#isGiven = isGiven
    this.#lookupAll = lookup
  }

  /** A server was reached by the name. */
  reached(name: string): void {
    this.#reached.set(name, true)
  }

  /** Finds all addresses of a name, whatever the options are. */
  readonly lookUp: LookupAll = (name, _options, found) => {
    const isGiven = this.#isGiven(name)
    const shared = this.#running.get(name)
    const waiting = this.#waiting.findIndex((each) => each.name === name)
    if (shared !== undefined) shared.push(found)
    else if (isGiven) this.#runGiven(name, found, waiting)
    else if (waiting >= 0) this.#waiting[waiting]?.callbacks.push(found)
    else if (this.#strangers < STRANGERS_MAX) this.#runStranger({ name, callbacks: [found] })
    else if (this.#waiting.length < STRANGERS_WAITING_MAX || this.#giveWay(name))
      this.#waiting.push({ name, callbacks: [found] })
    else queueMicrotask(() => found(tooMany(), []))
  }

  /** It may have waited as a stranger's until now. */
  #runGiven(name: string, found: Found, waiting: number): void {
    const [before] = waiting < 0 ? [] : this.#waiting.splice(waiting, 1)
    this.#run({ name, callbacks: [...(before?.callbacks ?? []), found] }, () => {})
  }

  /** One that was never reached leaves the queue to one that was. */
  #giveWay(name: string): boolean {
    if (!this.#reached.has(name)) return false
    const at = this.#waiting.findLastIndex((each) => !this.#reached.has(each.name))
    const [leaving] = at < 0 ? [] : this.#waiting.splice(at, 1)
    for (const found of leaving?.callbacks ?? []) queueMicrotask(() => found(tooMany(), []))
    return leaving !== undefined
  }

  #runStranger(next: Waiting): void {
    this.#strangers++
    this.#run(next, () => {
      this.#strangers--
      const known = this.#waiting.findIndex(({ name }) => this.#reached.has(name))
      const [following] = this.#waiting.splice(Math.max(0, known), 1)
      if (following !== undefined) this.#runStranger(following)
    })
  }

  #run({ name, callbacks }: Waiting, ended: () => void): void {
    this.#running.set(name, callbacks)
    this.#lookupAll(name, { all: true }, (error, all) => {
      this.#running.delete(name)
      ended()
      for (const found of callbacks) found(error, all)
    })
  }
}

const tooMany = (): NodeJS.ErrnoException =>
  Object.assign(new Error('too many names wait to be looked up'), { code: 'EAI_AGAIN' })

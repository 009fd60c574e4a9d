import { BoundedMap } from '../../concurrency/bounded.ts'
import { FairShares } from '../../concurrency/shares/fair-shares.ts'
import type { Cid } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'
import { type Origin, saidBy } from '../../core/identity/origin.ts'
import type { Signatures } from '../../ports/signatures.ts'

/** Signatures that are verified at once: others need the threads of the pool, too. */
const AT_ONCE = 2
/** Publications whose signature held, remembered: each has up to ORIGIN_BATCH_MAX origins. */
const PUBLICATIONS_MAX = 1_024

interface Options {
  readonly signatures: Pick<Signatures, 'isSignedBy'>
  /** Aborts when the grove closes. */
  readonly closing: AbortSignal
  readonly breathe: () => Promise<void> | undefined
}

/** An origin that a host brought, for a contribution. */
interface Claim {
  readonly cid: Cid
  readonly origin: Origin
  readonly host: string
}

interface Task {
  readonly claim: Claim
  readonly resolve: (holds: boolean) => void
  readonly reject: (error: unknown) => void
}

/**
 * Verifies origins, off the main thread. Hosts take turns, so that one that brings many holds up
 * only itself.
 */
export class OriginVerifier {
  readonly #options: Options
  readonly #waiting = new Map<string, Task[]>()
  readonly #shares = new FairShares()
  readonly #held = new BoundedMap<string, string>(PUBLICATIONS_MAX)
  #underWay = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** Whether the grove that it names has signed the contribution. Throws `shutting-down`. */
  holds(claim: Claim): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const tasks = this.#waiting.get(claim.host) ?? []
      tasks.push({ claim, resolve, reject })
      this.#waiting.set(claim.host, tasks)
      if (this.#underWay < AT_ONCE) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#underWay += 1
    for (let task = this.#next(); task !== undefined; task = this.#next()) {
      try {
        if (this.#options.closing.aborted) throw new GroveError('shutting-down')
        await this.#options.breathe()
        task.resolve(await this.#verify(task.claim))
      } catch (error) {
        task.reject(error)
      }
    }
    this.#underWay -= 1
  }

  #next(): Task | undefined {
    const host = this.#shares.least(this.#waiting.keys())
    const tasks = host === undefined ? undefined : this.#waiting.get(host)
    if (host === undefined || tasks === undefined) return undefined
    this.#shares.begin(host)
    this.#shares.charge(host, 1)
    const task = tasks.shift()
    if (tasks.length === 0) this.#waiting.delete(host)
    return task
  }

  async #verify({ cid, origin }: Claim): Promise<boolean> {
    const { peerId, signature } = origin
    const said = saidBy(cid, origin)
    if (said === undefined) return false
    const publication = `${peerId} ${signature}`
    const text = Buffer.from(said.bytes).toString('latin1')
    if (this.#held.get(publication) === text) return true
    const holds = await this.#options.signatures.isSignedBy(peerId, { ...said, signature })
    if (holds && origin.path !== undefined) this.#held.set(publication, text)
    return holds
  }
}

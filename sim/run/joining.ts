import { joinOperations } from '../../src/api/operations/join.ts'
import { isGroveError } from '../../src/core/errors.ts'
import type { Journal } from '../engine/journal.ts'
import type { Rng } from '../engine/rng.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { Machine } from '../machine/machine.ts'
import type { Ledger } from './ledger.ts'

const { invite, revokeInvite, joinGrove, leaveGrove } = joinOperations

/** All operators want to have joined, or joined again, within this time, in ms. */
const JOINS_WITHIN_MS = 12_000
/** How soon an operator looks again whether it worked. */
const LOOKS_EVERY_MS = 4_000
/** Invites of which nobody makes use in time. */
const SHORT_MS = 1_000
const GOOD_MS = 60 * 60_000
const TOO_LATE_MS = 3_000

/** What is wrong with an invite before it is used. */
type Flaw = 'none' | 'expired' | 'revoked'

interface Options {
  readonly timeline: Timeline
  readonly journal: Journal
  readonly rng: Rng
  readonly ledger: Pick<Ledger, 'joined' | 'leaked'>
  readonly machines: readonly Machine[]
  /** When the last grove leaves, to join once more, in ms from the start. */
  readonly untilMs: number
  readonly violated: (what: string) => void
}

/**
 * Operators whose groves join the first one by invites. Some invites are used too late, or have been
 * revoked; those that were used get into others' hands. Each grove but the first leaves once, and
 * joins again by another invite.
 */
export class Joining {
  readonly #options: Options
  readonly #hub: Machine | undefined
  /** Who is leaving, since which boot. A crash cuts it short: the hub may know while it does not. */
  readonly #leaving = new Map<Machine, number>()

  constructor(options: Options) {
    this.#options = options
    this.#hub = options.machines[0]
  }

  /** Puts it on the timeline. */
  schedule(): void {
    const { timeline, rng, machines, untilMs } = this.#options
    for (const joiner of machines.slice(1)) {
      const own = rng.fork(joiner.name)
      timeline.after(2_000 + own.below(JOINS_WITHIN_MS), () => this.#pursue(joiner, own))
      if (own.happens(0.5))
        timeline.after(own.between([untilMs / 2, untilMs]), () => void this.#leave(joiner))
    }
  }

  /**
   * Until the grove is a member, its operator asks for one invite after the other. It first leaves
   * once more if a crash has cut that short.
   */
  #pursue(joiner: Machine, rng: Rng): void {
    const { timeline } = this.#options
    timeline.after(LOOKS_EVERY_MS, () => this.#pursue(joiner, rng))
    if (joiner.node === undefined) return
    if ((this.#leaving.get(joiner) ?? joiner.boots) !== joiner.boots) {
      void this.#leave(joiner)
      return
    }
    if (this.#isMember(joiner)) return
    const flaw = rng.pick<Flaw>(['none', 'none', 'expired', 'revoked']) ?? 'none'
    this.#join(joiner, flaw).catch((error: unknown) => {
      if (!isGroveError(error)) this.#options.violated(`${joiner.name} joins: ${String(error)}`)
    })
  }

  #isMember({ node }: Machine): boolean {
    return node?.hubs.list().some(({ isMember }) => isMember) === true
  }

  async #join(joiner: Machine, flaw: Flaw): Promise<void> {
    const { journal, ledger, timeline, violated } = this.#options
    const [hub, node] = [this.#hub?.node, joiner.node]
    if (hub === undefined || node === undefined) return
    const { id, line } = await invite.run(
      hub,
      { expiresInMs: flaw === 'expired' ? SHORT_MS : GOOD_MS, uses: 1 },
      { signal: hub.closing },
    )
    if (flaw === 'revoked') await revokeInvite.run(hub, { id }, { signal: hub.closing })
    if (flaw === 'expired') await timeline.delay(TOO_LATE_MS)
    if (flaw !== 'none') ledger.leaked.push(line)
    journal.note(joiner.name, `joins by an invite: ${flaw}`)
    // The hub may take it in though its answer is lost.
    if (flaw === 'none') ledger.joined.add(joiner.peer.peerId)
    await joinGrove.run(node, { invite: line, name: joiner.name }, { signal: node.closing })
    journal.note(joiner.name, 'has joined')
    if (flaw !== 'none') violated(`${joiner.name} has joined by an invite that was ${flaw}`)
    ledger.leaked.push(line)
  }

  async #leave(leaver: Machine): Promise<void> {
    const { journal, violated } = this.#options
    const { node } = leaver
    this.#leaving.delete(leaver)
    if (node === undefined || node.hubs.list().length === 0) return
    this.#leaving.set(leaver, leaver.boots)
    try {
      const { isTold } = await leaveGrove.run(node, {}, { signal: node.closing })
      journal.note(leaver.name, `has left; its hub ${isTold ? 'knows' : 'does not know'}`)
    } catch (error) {
      if (!isGroveError(error)) violated(`${leaver.name} leaves: ${String(error)}`)
    }
    if (leaver.node === node) this.#leaving.delete(leaver)
  }
}

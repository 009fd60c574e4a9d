import type { KeyId } from '../../src/core/identity/ed25519.ts'
import type { NewStanding } from '../../src/node/access/standings.ts'
import type { Journal } from '../engine/journal.ts'
import type { Rng } from '../engine/rng.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { Machine } from '../machine/machine.ts'
import type { Network } from '../network/network.ts'
import type { DiskConditions } from '../scenario/conditions.ts'
import { defined } from '../scenario/defined.ts'
import type { Fault, Scenario } from '../scenario/scenario.ts'

interface Options {
  readonly timeline: Timeline
  readonly journal: Journal
  readonly rng: Rng
  readonly network: Network
  readonly machines: readonly Machine[]
  readonly scenario: Scenario
  /** Gives the grove on a machine another key. */
  readonly rotate: (machine: Machine) => void
  /** The keys of which operators may say something. */
  readonly subjects: readonly KeyId[]
}

const SOUND_DISK: Partial<DiskConditions> = { fail: 0, torn: 0, full: 0, crash: 0 }
const STANDINGS: readonly NewStanding['standing'][] = ['blocked', 'blocked', 'trusted', 'none']
/** For how long something is said of a key that is not said for good. */
const JUDGED_MS = [1_000, 20_000] as const
const SOUND_NETWORK = { loss: 0, duplicate: 0, reorder: 0, slow: 0, cut: 0 }

const hit = (machines: readonly Machine[], of: 'all' | 'leaves' | 'hubs'): readonly Machine[] =>
  of === 'all' ? machines : machines.filter(({ isLeaf }) => isLeaf === (of === 'leaves'))

/** Injects the faults of a scenario, and ends them. */
export class FaultInjector {
  readonly #options: Options
  /** The functions that end the faults in effect. */
  readonly #active = new Set<() => void>()
  #count = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** The number of faults injected so far. */
  get count(): number {
    return this.#count
  }

  /** Puts all faults on the timeline. */
  schedule(): void {
    const { scenario, rng, timeline } = this.#options
    for (const [index, fault] of scenario.faults.entries())
      this.#schedule(fault, rng.fork(`${index} ${fault.type}`))
    timeline.after(scenario.faultsEndMs, () => this.#end())
  }

  #schedule(fault: Fault, rng: Rng): void {
    if (fault.type === 'partition') this.#during(fault, () => this.#partition(fault, rng))
    else if (fault.type === 'network') this.#during(fault, () => this.#changeNetwork(fault))
    else if (fault.type === 'disk') this.#during(fault, () => this.#changeDisks(fault, rng))
    else this.#atTimes(fault, rng)
  }

  #atTimes(fault: Extract<Fault, { times: number }>, rng: Rng): void {
    const { fromMs, untilMs, times } = fault
    for (let n = 0; n < times; n++) {
      this.#options.timeline.after(rng.between([fromMs, untilMs]), () => {
        this.#count += 1
        this.#inject(fault, rng.fork(`${n}`))
      })
    }
  }

  #inject(fault: Extract<Fault, { times: number }>, rng: Rng): void {
    const { machines, timeline, journal } = this.#options
    const machine = rng.pick(fault.type === 'crash' ? hit(machines, fault.of) : machines)
    if (machine === undefined) return
    if (fault.type === 'crash') {
      machine.crash()
      timeline.after(rng.between(fault.downMs), () => machine.boot())
    } else if (fault.type === 'clock-jump') {
      const byMs = Math.round(rng.between([-fault.byMs, fault.byMs]))
      journal.note(machine.name, `✗ its clock jumps by ${byMs} ms`)
      machine.clock.jump(byMs)
    } else if (fault.type === 'rotate') {
      this.#options.rotate(machine)
    } else if (fault.type === 'standings') {
      this.#judge(machine, rng)
    } else {
      const hash = rng.pick([...machine.disk.hashes])
      if (hash === undefined) return
      journal.note(machine.name, `✗ its disk forgets ${hash}`)
      machine.disk.forget(hash)
    }
  }

  /** An operator says something of some key, for a while or for good. */
  #judge(machine: Machine, rng: Rng): void {
    const subject = rng.pick(this.#options.subjects)
    if (subject === undefined) return
    const standing = rng.pick(STANDINGS) ?? 'none'
    const forMs = rng.happens(0.3) ? { forMs: Math.round(rng.between(JUDGED_MS)) } : {}
    machine.judge(subject, { standing, ...forMs })
  }

  /** All operators say the same of each key, so that their groves can agree. */
  #settleStandings(): void {
    const { scenario, subjects, machines, rng } = this.#options
    if (!scenario.faults.some(({ type }) => type === 'standings')) return
    for (const subject of subjects) {
      const standing = rng.fork(`settled ${subject}`).pick(STANDINGS) ?? 'none'
      for (const machine of machines) machine.judge(subject, { standing })
    }
  }

  #during({ fromMs, untilMs }: Fault, begin: () => () => void): void {
    const { timeline } = this.#options
    timeline.after(fromMs, () => {
      this.#count += 1
      const end = begin()
      const endOnce = () => {
        if (this.#active.delete(endOnce)) end()
      }
      this.#active.add(endOnce)
      timeline.after(untilMs - fromMs, endOnce)
    })
  }

  #partition({ share, oneWay, of }: Extract<Fault, { type: 'partition' }>, rng: Rng): () => void {
    const { machines, network, journal } = this.#options
    const among = hit(machines, of)
    const size = Math.max(1, Math.round(among.length * share))
    const group = new Set(rng.sample(among, size).map(({ name }) => name))
    const names = [...group].join(', ')
    const what = oneWay
      ? `${names} can't be heard by the others `
      : `${names} and the others are cut off from each other`
    journal.note('network', `✗ ${what}`)
    const unblock = network.block((from, to) =>
      oneWay ? group.has(from) && !group.has(to) : group.has(from) !== group.has(to),
    )
    return () => {
      journal.note('network', `${names} and the others hear each other again`)
      unblock()
    }
  }

  #changeNetwork({ conditions }: Extract<Fault, { type: 'network' }>): () => void {
    const { network, journal } = this.#options
    const before = network.conditions
    journal.note('network', `✗ is now ${JSON.stringify(conditions)}`)
    network.conditions = { ...before, ...defined(conditions) }
    return () => {
      network.conditions = before
    }
  }

  #changeDisks({ groves, conditions }: Extract<Fault, { type: 'disk' }>, rng: Rng): () => void {
    const { machines, journal } = this.#options
    const chosen = rng.sample(machines, groves)
    for (const { name, disk } of chosen) {
      journal.note(name, `✗ its disk is now ${JSON.stringify(conditions)}`)
      disk.conditions = { ...disk.conditions, ...defined(conditions) }
    }
    return () => {
      for (const { disk } of chosen) disk.conditions = { ...disk.conditions, ...SOUND_DISK }
    }
  }

  #end(): void {
    const { network, machines, journal } = this.#options
    for (const end of [...this.#active]) end()
    network.conditions = { ...network.conditions, ...SOUND_NETWORK }
    for (const { disk } of machines) disk.conditions = { ...disk.conditions, ...SOUND_DISK }
    for (const machine of machines) machine.boot()
    this.#settleStandings()
    journal.note('all', 'faults end here')
  }
}

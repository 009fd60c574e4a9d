import type { KeyId } from '../../src/core/identity/ed25519.ts'
import { leafAddress } from '../../src/core/peers/leaf.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import { mintedNames } from '../adversaries/identity/key-minter.ts'
import { adversaryNames, startAdversaries } from '../adversaries/start.ts'
import { TrafficWatch } from '../checkers/bounds.ts'
import { CallWatch } from '../checkers/calls.ts'
import { ClockWatch } from '../checkers/clocks.ts'
import { RecordWatch } from '../checkers/keys/records.ts'
import { Journal } from '../engine/journal.ts'
import { Keys } from '../engine/keys.ts'
import { Rng } from '../engine/rng.ts'
import { Timeline } from '../engine/timeline.ts'
import { Machine } from '../machine/machine.ts'
import { Network } from '../network/network.ts'
import type { Mode, Scenario } from '../scenario/scenario.ts'
import { FaultInjector } from './faults.ts'
import { Joining } from './joining.ts'
import { Ledger } from './ledger.ts'
import { Agents } from './workload.ts'

/** When every run begins, in Unix ms. */
const START = Date.UTC(2026, 0, 1)
/** Violations kept of one run. */
const VIOLATIONS_MAX = 50
/** One run of so many signs with real keys, in which all else is as it would be in production. */
export const REAL_KEYS_IN = 101
/** All machines boot within this time, in ms. */
const BOOT_WITHIN_MS = 2_000
/** When copies of directories are made and served, in ms from the start. */
const COPIED_AFTER_MS = 12_000

/** Everything that a run consists of, before anything has happened. */
export class World {
  readonly timeline = new Timeline(START)
  readonly journal: Journal
  readonly ledger = new Ledger()
  readonly network: Network
  readonly machines: readonly Machine[]
  readonly injector: FaultInjector
  readonly traffic: TrafficWatch
  readonly mode: Mode
  readonly keys: Keys
  readonly records: RecordWatch
  readonly clocks = new ClockWatch()
  readonly #violations = new Set<string>()
  /** All addresses and keys of honest groves, also those that they had. */
  readonly #honest: PeerAddress[] = []

  constructor(scenario: Scenario, seed: number, explain: boolean) {
    const rng = new Rng(seed).fork(scenario.name)
    const { timeline, ledger } = this
    const { modes } = scenario.groves
    this.mode = modes[seed % modes.length] ?? 'keyless'
    this.keys = new Keys(rng.fork('keys'), { isReal: seed % REAL_KEYS_IN === 0 })
    const violated = (what: string) => this.violated(what)
    const journal = new Journal(timeline, explain)
    this.journal = journal
    const watcher = new TrafficWatch(timeline, violated)
    this.traffic = watcher
    this.network = new Network({
      timeline,
      journal,
      rng: rng.fork('network'),
      conditions: scenario.network,
      watcher,
    })
    const calls = new CallWatch(violated)
    this.network.tap((_, request) => {
      calls.sent(request)
      return false
    })
    this.machines = this.#build(scenario, rng, { watcher, calls })
    const { network, machines } = this
    this.records = new RecordWatch(this.dialable)
    this.injector = new FaultInjector({
      timeline,
      journal,
      rng: rng.fork('faults'),
      network,
      machines,
      scenario,
      rotate: (machine) => this.#rotate(machine),
      subjects: this.#subjects(scenario),
    })
    this.injector.schedule()
    const { workload, groves } = scenario
    const { mode, keys } = this
    startAdversaries(scenario.adversaries, rng.fork('adversaries'), {
      timeline,
      journal,
      network,
      machines,
      ledger,
      mode,
      keys,
      violated,
      intervalMs: groves.gossipIntervalMs,
    })
    const agents = new Agents({
      timeline,
      journal,
      rng: rng.fork('agents'),
      ledger,
      machines,
      workload,
      fetchTimeoutMs: groves.fetchTimeoutMs,
      violated,
    })
    agents.schedule()
    if (groves.joins)
      new Joining({
        ...{ timeline, journal, ledger, machines, violated },
        rng: rng.fork('joining'),
        untilMs: workload.overMs,
      }).schedule()
  }

  /** The honest groves that others can dial. */
  get dialable(): PeerAddress[] {
    return this.machines.filter(({ isLeaf }) => !isLeaf).map(({ peer }) => peer)
  }

  /** The machines whose key no other has: these have to agree. */
  get single(): Machine[] {
    return this.machines.filter(({ sharesKey }) => !sharesKey)
  }

  /** The virtual time since the start, in ms. */
  get elapsed(): number {
    return this.timeline.now - START
  }

  /** The violations, in words for a reader. */
  get violations(): string[] {
    return [...this.#violations].map((what) => this.journal.readable(what))
  }

  violated(what: string): void {
    if (this.#violations.has(what) || this.#violations.size >= VIOLATIONS_MAX) return
    this.#violations.add(what)
    this.journal.note('VIOLATION', what)
  }

  /** A grove gets another key. Somebody has a copy of the one before. */
  #rotate(machine: Machine): void {
    const { keys, ledger, journal } = this
    const { name, former } = machine
    const nameOf = (n: number) => (n === 0 ? name : `${name} key ${n + 1}`)
    const next = nameOf(former.length + 1)
    journal.call(keys.of(next).peerId, next)
    const rotation = machine.rotate(keys.of(next))
    if (rotation === undefined) return
    ledger.rotations.push(rotation)
    ledger.givenUp.push(nameOf(former.length))
    this.records.rotated(rotation)
    this.#honest.push(machine.peer)
  }

  /** The keys of adversaries, of which operators may say something. */
  #subjects({ adversaries }: Scenario): KeyId[] {
    if (this.mode === 'keyless') return []
    const names = adversaryNames(adversaries)
    const minted = names.filter((name) => name.startsWith('key-minter')).flatMap(mintedNames)
    return [...names, ...minted].map((name) => this.keys.of(name).peerId)
  }

  #build(
    scenario: Scenario,
    rng: Rng,
    { watcher, calls }: { readonly watcher: TrafficWatch; readonly calls: CallWatch },
  ): Machine[] {
    const { timeline, journal, network, keys, mode } = this
    const { count, leaves, copies, gossipIntervalMs, syncIntervalMs, fetchTimeoutMs, policy } =
      scenario.groves
    const originals = count - copies
    const copied = copies > 0 ? rng.fork('copied').below(originals) : undefined
    /** The grove whose key this one has: itself, unless it is a copy. */
    const ownerOf = (n: number) => (n < originals ? n : (copied ?? n))
    const keyOf = (n: number) => (mode === 'keyless' ? undefined : keys.of(`g${ownerOf(n)}`))
    const peers = Array.from({ length: count }, (_, n): PeerAddress => {
      const peerId = keyOf(n)?.peerId ?? `g${n}`
      if (n < originals) journal.call(peerId, `g${n}`)
      return { peerId, address: `http://10.0.0.${n + 1}:4515` }
    })
    const rotates = scenario.faults.some(({ type }) => type === 'rotate')
    const listed = [
      ...(scenario.groves.joins ? [] : peers).map(({ peerId }) => peerId),
      ...adversaryNames(scenario.adversaries).map((name) => keys.of(name).peerId),
    ]
    const hubs = peers.slice(0, count - leaves)
    const onLines = peers.slice(hubs.length).map(({ peerId }) => {
      return { peerId, address: leafAddress(peerId) }
    })
    this.#honest.push(...peers, ...onLines)
    const build = rng.fork('build')
    const known = hubs.slice(0, originals)
    const seedsBy = peers
      .slice(0, originals)
      .map((_, n) => seedsOf(scenario.groves.seeds, known, n, build))
    const machines: Machine[] = []
    for (const [n, peer] of peers.entries()) {
      const own = rng.fork(`machine ${n}`)
      const config = {
        reachable: true,
        seeds: seedsBy[ownerOf(n)] ?? [],
        gossipIntervalMs,
        syncIntervalMs,
        fetchTimeoutMs,
        policy,
        ...(mode !== 'keyless' && { admission: mode }),
      }
      const clock = {
        offsetMs: own.between([-scenario.clock.skewMs, scenario.clock.skewMs]),
        drift: own.between([-scenario.clock.drift, scenario.clock.drift]),
      }
      const name = `g${n}`
      const machine = new Machine({
        ...{ name, peer, keys, key: keyOf(n) },
        sharesKey: ownerOf(n) === copied,
        copyOf: n < originals ? undefined : machines[ownerOf(n)],
        honest: this.#honest,
        isLeaf: n >= hubs.length,
        findsOut: leaves > 0,
        timeline,
        journal,
        network,
        calls,
        clocks: this.clocks,
        rng: own,
        config,
        disk: scenario.disk,
        clock,
        violated: (what) => this.violated(what),
        stopped: () => watcher.forget(name),
      })
      if (mode === 'members' || rotates) void machine.list(listed)
      const bootsAfter = own.below(BOOT_WITHIN_MS)
      timeline.after(n < originals ? bootsAfter : COPIED_AFTER_MS + bootsAfter, () =>
        machine.boot(),
      )
      machines.push(machine)
    }
    return machines
  }
}

/** The seeds that a grove's operator configured, some of them by address alone. */
function seedsOf(
  shape: Scenario['groves']['seeds'],
  peers: readonly PeerAddress[],
  n: number,
  rng: Rng,
): PeerAddress[] {
  const others = peers.filter((_, index) => index !== n)
  const chosen = {
    none: () => [],
    line: () => peers.slice(Math.max(0, n - 1), n),
    ring: () => [peers[(n + 1) % peers.length]!].filter((peer) => peer !== peers[n]),
    star: () => (n === 0 ? [] : peers.slice(0, 1)),
    full: () => others,
    random: () => [...peers.slice(Math.max(0, n - 1), n), ...rng.sample(others, 1)],
  }[shape]()
  return chosen.map((peer) =>
    rng.happens(0.5) ? { peerId: peer.address, address: peer.address } : peer,
  )
}

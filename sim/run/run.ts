import { enforceInvariants } from '../../src/core/invariant.ts'
import { disagreements, unheard } from '../checkers/agreement.ts'
import { exceededLimits } from '../checkers/bounds.ts'
import {
  intrusions,
  misplacedKeys,
  unrecorded,
  unsignedWork,
  wrongOrigins,
} from '../checkers/identity.ts'
import { corruptions, losses, miscounts } from '../checkers/integrity.ts'
import { behind, unwarned } from '../checkers/keys/copies.ts'
import { unpassed } from '../checkers/keys/rotations.ts'
import { Lateness } from '../checkers/lateness.ts'
import { linesAmiss } from '../checkers/leaves.ts'
import { listsAmiss, uninvited } from '../checkers/members.ts'
import { misplacedSeeds } from '../checkers/seeds.ts'
import { otherSigners } from '../checkers/signers.ts'
import type { Holder } from '../checkers/union.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { World } from './world.ts'

/** The longest time between two rounds of sync, in sync intervals. */
const ROUND_SLACK = 1.2

export interface RunStats {
  readonly virtualMs: number
  readonly requests: number
  readonly bytes: number
  readonly contributions: number
  readonly faults: number
  readonly events: number
  /** Rounds of sync from the end of faults until all groves agreed; -1 if they did not. */
  readonly rounds: number
  /** The most rounds of sync, without the time of faults, after which an item was missing. */
  readonly late: number
  /** How often each operation of the agents had each outcome. */
  readonly outcomes: Readonly<Record<string, number>>
}

export interface RunResult {
  readonly scenario: string
  readonly seed: number
  /** Equal for equal runs. */
  readonly traceHash: string
  readonly violations: readonly string[]
  readonly stats: RunStats
  /** What happened, line by line; empty unless it was asked for. */
  readonly transcript: readonly string[]
}

export interface RunOptions {
  /** Whether to keep a transcript. */
  readonly explain?: boolean
  /** A last check of the machines. What it finds are violations too. */
  readonly inspect?: (machines: readonly Holder[]) => Promise<readonly string[]>
}

/** Plays a scenario with a seed. Equal arguments give equal runs, to the last byte. */
export async function run(
  scenario: Scenario,
  seed: number,
  { explain = false, inspect = async () => [] }: RunOptions = {},
): Promise<RunResult> {
  enforceInvariants()
  const world = new World(scenario, seed, explain)
  const lateness = new Lateness(scenario, world.timeline.now, world.ledger)
  const onRejection = (error: unknown) => {
    world.violated(
      `a promise rejects unhandled: ${error instanceof Error ? error.stack : String(error)}`,
    )
  }
  process.on('unhandledRejection', onRejection)
  try {
    const rounds = await play(world, scenario, lateness)
    await checkAtEnd(world)
    for (const what of await inspect(world.machines)) world.violated(what)
    return resultOf(world, scenario, seed, { rounds, late: lateness.most })
  } finally {
    process.off('unhandledRejection', onRejection)
    for (const machine of world.machines) machine.end()
  }
}

async function play(
  world: World,
  { groves, faultsEndMs, rounds }: Scenario,
  lateness: Lateness,
): Promise<number> {
  const { timeline, machines, single } = world
  const shared = machines.filter((machine) => !single.includes(machine))
  const start = timeline.now
  const step = Math.max(1_000, groves.syncIntervalMs)
  for (let at = step; at < faultsEndMs; at += step) {
    await timeline.run(start + at)
    await checkNow(world, lateness)
  }
  await timeline.run(start + faultsEndMs)
  let found: string[] = []
  for (let round = 1; round <= rounds; round++) {
    await timeline.run(start + faultsEndMs + round * groves.syncIntervalMs * ROUND_SLACK)
    await checkNow(world, lateness)
    found = [
      ...(await disagreements(single, groves.policy)),
      ...(await unheard(single)),
      ...(await otherSigners(single)),
      ...(await behind(shared, single, groves.policy)),
      ...unwarned(shared),
      ...world.clocks.untold(machines),
      ...unpassed(machines, world.ledger.rotations),
      ...misplaced(world),
      ...linesAmiss(machines),
      ...(groves.joins ? listsAmiss(machines) : []),
    ]
    if (found.length === 0 && world.ledger.pending.size === 0) return round
  }
  for (const what of found) world.violated(`no agreement after ${rounds} rounds: ${what}`)
  return found.length === 0 ? rounds : -1
}

function misplaced({ machines, single }: World): string[] {
  const peers = single.map(({ peer }) => peer)
  return machines.flatMap(({ node }) => (node === undefined ? [] : misplacedSeeds(node, peers)))
}

/** Gossip intervals within which a grove that has live peers all the while must send something. */
const SILENCE_MAX = 4

/** Checks what must hold at every moment. */
async function checkNow(world: World, lateness: Lateness): Promise<void> {
  const { machines, ledger, timeline, traffic } = world
  for (const { node, name } of machines) {
    if (node === undefined) continue
    for (const what of exceededLimits(node)) world.violated(what)
    const knowsSomebody = node.gossip.livePeers(node.clock.now()).length > 0
    if (traffic.silentMs(name, knowsSomebody) > SILENCE_MAX * node.config.gossipIntervalMs)
      world.violated(`${name} has fallen silent`)
  }
  for (const what of await strangersIn(world)) world.violated(what)
  for (const what of uninvited(machines, ledger.joined)) world.violated(what)
  for (const machine of machines)
    for (const what of await world.records.wrong(machine)) world.violated(what)
  for (const what of await losses(machines, ledger.acknowledged)) world.violated(what)
  const up = world.single.filter(({ node }) => node !== undefined)
  for (const what of await lateness.late(up, timeline.now)) world.violated(what)
  for (const { grove, boot, what, due } of ledger.pending.values()) {
    const machine = machines.find(({ name }) => name === grove)
    if (machine?.node === undefined || machine.boots !== boot) continue
    if (timeline.now > due) world.violated(`${what} on ${grove} never ends`)
  }
  for (const [id, { grove, boot, what }] of ledger.pending) {
    const machine = machines.find(({ name }) => name === grove)
    if (machine?.node === undefined || machine.boots !== boot)
      ledger.end(id, `${what} lost in a crash`)
  }
}

/** What groves have of those that they did not admit, and keys at addresses that are not theirs. */
async function strangersIn({ machines, ledger, mode, dialable }: World): Promise<string[]> {
  const found = await Promise.all(
    machines.map((machine) => intrusions(machine, machine.node?.gossip, ledger.unwanted)),
  )
  const areProven = mode !== 'keyless'
  const nodes = areProven ? machines.flatMap(({ node }) => node ?? []) : []
  return [...found.flat(), ...nodes.flatMap((node) => misplacedKeys(node, dialable))]
}

async function checkAtEnd(world: World): Promise<void> {
  for (const machine of world.machines) {
    for (const what of [
      ...(await corruptions(machine)),
      ...(await miscounts(machine)),
      ...(await wrongOrigins(machine, world.keys)),
      ...(await unsignedWork(machine)),
      ...(await unrecorded(machine, world.ledger.wrongOrigins)),
    ])
      world.violated(what)
    const { items } = await machine.disk.graph.list({}, { limit: 1_000_000, offset: 0 })
    world.journal.note(
      machine.name,
      `holds ${items.map(({ cid }) => cid).join(' ')} and ${machine.disk.hashes.size} blobs`,
      () => `holds ${items.length} contributions and ${machine.disk.hashes.size} blobs`,
    )
  }
}

function resultOf(
  world: World,
  { name }: Scenario,
  seed: number,
  { rounds, late }: Pick<RunStats, 'rounds' | 'late'>,
): RunResult {
  const { network, machines, ledger, injector, timeline, journal, elapsed, violations } = world
  const stats = {
    virtualMs: elapsed,
    requests: network.stats.requests,
    bytes: network.stats.bytes,
    contributions: ledger.published.size,
    faults:
      injector.count +
      network.stats.faults +
      machines.reduce((sum, machine) => sum + machine.faults, 0),
    events: timeline.carriedOut,
    rounds,
    late,
    outcomes: Object.fromEntries([...ledger.outcomes].sort()),
  }
  return {
    scenario: name,
    seed,
    traceHash: journal.hash(),
    violations,
    stats,
    transcript: journal.lines,
  }
}

import { writeFileSync } from 'node:fs'
import { runAsCommand } from './command.ts'
import { type Config, configHash, configSchema, formatConfig, readConfig } from './config.ts'

/**
 * What an agent prefers to change: contexts, their counters, mixing, or matching and correction.
 */
export const TASTES = ['contexts', 'counters', 'mixing', 'recall'] as const

/** One of `TASTES`. */
export type Taste = (typeof TASTES)[number]

/** The next number in [0, 1) of a sequence that is fixed by its seed. */
export type RandomNumber = () => number

/** A changed config, and what changed, in one line: `orders [1,2] → [1,2,3]`. */
export interface Proposal {
  readonly config: Config
  readonly change: string
}

/** `tried`: hashes (`configHash`) of configs whose figures are known. */
export interface ProposeOptions {
  readonly random: RandomNumber
  readonly taste: Taste
  readonly tried?: ReadonlySet<string>
}

/** How often an agent follows its taste. Otherwise it tries anything. */
const FAITHFULNESS = 0.8
const MAX_ATTEMPTS = 64

type Move = (config: Config, random: RandomNumber) => Partial<Config>

const MOVES: Readonly<Record<Taste, readonly Move[]>> = {
  contexts: [
    addOrder,
    addOrder,
    moveOrder,
    dropOrder,
    ({ word }, random) => ({ word: other(configSchema.shape.word.options, word, random) }),
  ],
  counters: [
    ({ tableBits }, random) => ({ tableBits: clamp(tableBits + pick([-1, 1, 2], random), 12, 20) }),
    (config, random) => ({ memory: config.memory.map((limit) => scaled(limit, random, 2, 127)) }),
    changeMemories,
    ({ calibrate }) => ({ calibrate: !calibrate }),
  ],
  mixing: [
    ({ mixerSelect }, random) => ({
      mixerSelect: other(configSchema.shape.mixerSelect.options, mixerSelect, random),
    }),
    ({ mixerRate }, random) => ({
      mixerRate: rounded(clamp(mixerRate * factor(random), 0.0001, 0.1)),
    }),
    ({ initialWeight }, random) => ({
      initialWeight: rounded(clamp(initialWeight * factor(random), 0.05, 2)),
    }),
    ({ passes }, random) => ({ passes: other([1, 2, 3], passes, random) }),
  ],
  recall: [
    ({ match }, random) => ({
      match:
        match === 0 || random() < 0.2
          ? integer(3, 12, random)
          : match + pick([-2, -1, 1, 2], random),
    }),
    ({ sse }, random) => ({ sse: other(configSchema.shape.sse.options, sse, random) }),
  ],
}

/**
 * One random change of a config, mostly to the agent's taste. The result is valid and differs from
 * the parent, and from all that was tried if another is found.
 */
export function propose(
  parent: Config,
  { random, taste, tried = new Set() }: ProposeOptions,
): Proposal {
  const parentHash = configHash(parent)
  let proposal: Proposal | undefined
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const moves = MOVES[random() < FAITHFULNESS ? taste : pick(TASTES, random)]
    const result = configSchema.safeParse({ ...parent, ...pick(moves, random)(parent, random) })
    if (!result.success || configHash(result.data) === parentHash) continue
    proposal = { config: result.data, change: describeChange(parent, result.data) }
    if (!tried.has(configHash(result.data))) break
  }
  if (proposal === undefined) throw new Error('no valid change was found')
  return proposal
}

/** The difference between two configs, in one line. */
export function describeChange(from: Config, to: Config): string {
  const keys = Object.keys(configSchema.shape) as (keyof Config)[]
  const show = (config: Config, key: keyof Config): string =>
    JSON.stringify(config[key]).replaceAll('"', '')
  const changed = keys.filter((key) => show(from, key) !== show(to, key))
  return changed.map((key) => `${key} ${show(from, key)} → ${show(to, key)}`).join(', ')
}

/** Mulberry32 (Tommy Ettinger): equal seeds give equal sequences. */
export function seededRandom(seed: number): RandomNumber {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function addOrder({ orders }: Config, random: RandomNumber): Partial<Config> {
  const missing = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((order) => !orders.includes(order))
  return { orders: [...orders, pick(missing, random)].toSorted((a, b) => a - b) }
}

function dropOrder({ orders }: Config, random: RandomNumber): Partial<Config> {
  const dropped = pick(orders, random)
  return { orders: orders.filter((order) => order !== dropped) }
}

function moveOrder(config: Config, random: RandomNumber): Partial<Config> {
  const dropped = pick(config.orders, random)
  const { orders = [] } = addOrder(config, random)
  return { orders: orders.filter((order) => order !== dropped) }
}

/** One memory becomes two, or two become one of them. */
function changeMemories({ memory }: Config, random: RandomNumber): Partial<Config> {
  if (memory.length > 1) return { memory: [pick(memory, random)] }
  const second = pick([4, 8, 16, 32, 64, 127], random)
  return { memory: [...memory, second].toSorted((a, b) => a - b) }
}

const integer = (low: number, high: number, random: RandomNumber): number =>
  low + Math.floor(random() * (high - low + 1))
const pick = <T>(values: readonly T[], random: RandomNumber): T =>
  values[integer(0, values.length - 1, random)] as T
const factor = (random: RandomNumber): number => pick([0.25, 0.5, 0.7, 1.5, 2, 4], random)
const clamp = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value))
const rounded = (value: number): number => Number(value.toPrecision(3))

function scaled(value: number, random: RandomNumber, low: number, high: number): number {
  return clamp(Math.round(value * factor(random)), low, high)
}

function other<T>(values: readonly T[], current: T, random: RandomNumber): T {
  return pick(
    values.filter((value) => value !== current),
    random,
  )
}

/** The taste of that name. Throws an error that lists all of them. */
export function parseTaste(value: string): Taste {
  const taste = TASTES.find((name) => name === value)
  if (taste === undefined) throw new Error(`--taste must be one of ${TASTES.join(', ')}`)
  return taste
}

runAsCommand(
  import.meta.url,
  {
    usage: 'node mutate.ts --config FILE --seed NUMBER --taste TASTE --out FILE',
    options: { config: undefined, seed: undefined, taste: undefined, out: undefined },
  },
  ({ config, seed, taste, out }) => {
    const random = seededRandom(Number(seed))
    const proposal = propose(readConfig(config), { random, taste: parseTaste(taste) })
    writeFileSync(out, formatConfig(proposal.config))
    return proposal.change
  },
)

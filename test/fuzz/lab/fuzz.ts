import { getHeapStatistics } from 'node:v8'
import { isGroveError } from '../../../src/core/errors.ts'
import { Lot } from './lot.ts'
import { mutated } from './mutate.ts'
import { REFUSED, type Reader, type Target } from './target.ts'

export interface FuzzOptions {
  readonly seed: number
  /** The longest that one input may take of the processor, in ms. */
  readonly maxMs: number
}

/** What is wrong with how a target reads one of its inputs. */
export interface Fault {
  readonly target: string
  readonly number: number
  readonly what: string
  readonly input: Buffer
}

/** The most memory that reading one input may take beyond what was taken. */
const MEMORY_MAX_BYTES = 64 * 1024 * 1024
/** How often a slow input is read again before it counts as slow: others use the machine, too. */
const SLOW_TRIES = 4

/** The input of a number: first the seeds as they are, then others made of them. */
export function inputOf(target: Target, seed: number, number: number): Buffer {
  const own = target.seeds[number]
  return own === undefined
    ? mutated(target.seeds, target, new Lot(seed, target.name, number))
    : Buffer.from(own)
}

/** Reads one input; what is wrong with that, if anything is. */
export async function fuzzOne(
  target: Target,
  reader: Reader,
  number: number,
  { seed, maxMs }: FuzzOptions,
): Promise<Fault | undefined> {
  const input = inputOf(target, seed, number)
  const fault = (what: string): Fault => ({ target: target.name, number, what, input })
  const isSeed = number < target.seeds.length
  const before = memoryBytes()
  const begun = performance.now()
  try {
    const reading = reader.read(input)
    const read = reading instanceof Promise ? await reading : reading
    if (isSeed && read === REFUSED) return fault('a valid input is refused')
  } catch (error) {
    if (isSeed) return fault(`a valid input is refused: ${told(error)}`)
    if (!isGroveError(error)) return fault(told(error))
  }
  const isSlow = performance.now() - begun > maxMs
  const taken = memoryBytes() - before
  if (taken > MEMORY_MAX_BYTES) return fault(`it takes ${Math.round(taken / 2 ** 20)} MiB`)
  if (!isSlow) return undefined
  const spent = await leastMs(reader, input)
  return spent > maxMs ? fault(`it takes ${Math.round(spent)} ms of the processor`) : undefined
}

function memoryBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}

/** The least processor time (ms) that reading takes, of some tries. */
async function leastMs(reader: Reader, input: Buffer): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < SLOW_TRIES; tries++) {
    const before = process.threadCpuUsage()
    try {
      await reader.read(input)
    } catch {
      // Whether it may throw was looked at before.
    }
    const { user, system } = process.threadCpuUsage(before)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}

const told = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`

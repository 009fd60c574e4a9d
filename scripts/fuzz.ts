/**
 * Reads inputs that are nearly right by everything that reads what others have written, for longer
 * than the tests do. Each input follows from the seed and its number.
 *
 *   npm run -s fuzz                                   until each target has had a million inputs
 *   npm run -s fuzz -- --minutes 10                   for so long, all targets alike
 *   npm run -s fuzz -- --inputs 20000                 fewer or more inputs each
 *   npm run -s fuzz -- --workers 4                    targets shared among so many threads
 *   npm run -s fuzz -- --only manifest                one target, or those that begin so
 *   npm run -s fuzz -- --only cid --seed 7 --input 9  one input again, which is shown
 */
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { fuzzOne, inputOf } from '../test/fuzz/lab/fuzz.ts'
import { targets } from '../test/fuzz/targets/table.ts'
import type { Done, Job } from './fuzz-worker.ts'

const INPUTS = 1_000_000
/** The longest that one input may take of the processor. */
const MAX_MS = 50
/** A target that comes no further for so long hangs. */
const HANG_MS = 120_000

const { values: given } = parseArgs({
  options: {
    minutes: { type: 'string' },
    inputs: { type: 'string' },
    workers: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    input: { type: 'string' },
  },
})
const seed = Number(given.seed)
const exact = targets.filter(({ name }) => name === given.only)
const chosen = exact.length > 0 ? exact : targets.filter(({ name }) => name.startsWith(given.only))
if (chosen.length === 0) {
  process.stderr.write(`no target ${given.only}: ${targets.map(({ name }) => name).join(', ')}\n`)
  process.exit(2)
}
process.exit(given.input === undefined ? await fuzz() : await readAgain(Number(given.input)))

/** Reads one input, and shows it. */
async function readAgain(number: number): Promise<number> {
  const [target] = chosen
  if (target === undefined) return 2
  const fault = await fuzzOne(target, await target.open(), number, { seed, maxMs: MAX_MS })
  process.stdout.write(`${JSON.stringify(inputOf(target, seed, number).toString('latin1'))}\n`)
  process.stdout.write(`${fault?.what ?? 'it is read or refused'}\n`)
  return fault === undefined ? 0 : 1
}

/** Targets are dealt out to the threads in turns, since neighbours take alike long. */
async function fuzz(): Promise<number> {
  const workers = Math.min(chosen.length, Math.max(1, Number(given.workers)))
  const shares = Array.from({ length: workers }, (_, n) =>
    chosen.filter((_, at) => at % workers === n).map(({ name }) => name),
  )
  return Math.max(...(await Promise.all(shares.map(fuzzInThread))))
}

/** In a thread of its own, so that a target that hangs is seen to. */
function fuzzInThread(names: readonly string[]): Promise<number> {
  const usual = given.minutes === undefined ? INPUTS : Number.POSITIVE_INFINITY
  const progress = new Int32Array(new SharedArrayBuffer(8))
  const job: Job = {
    names,
    ...{ seed, maxMs: MAX_MS, progress },
    inputs: given.inputs === undefined ? usual : Number(given.inputs),
    forMs: given.minutes === undefined ? Number.POSITIVE_INFINITY : Number(given.minutes) * 60_000,
  }
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: 1_024 },
  })
  return new Promise((resolve) => {
    const end = (code: number) => {
      clearInterval(watch)
      worker.removeAllListeners()
      resolve(code)
    }
    const lost = (what: string) => {
      const [index = 0, number = 0] = progress
      process.stdout.write(`✗ ${what}\n  ${command(job.names[index] ?? '', number)}\n`)
      end(1)
    }
    let last = ''
    let since = Date.now()
    const watch = setInterval(() => {
      const now = progress.join()
      if (now !== last) since = Date.now()
      else if (Date.now() - since > HANG_MS) lost('it hangs')
      last = now
    }, 1_000)
    worker.on('exit', () => lost('it waits for ever'))
    worker.on('error', (error) => lost(String(error)))
    worker.on('message', ({ found, counts }: Done) => {
      for (const { target, number, what } of found)
        process.stdout.write(`✗ ${what}\n  ${command(target, number)}\n`)
      for (const [name, count, ms] of counts)
        process.stdout.write(
          `${name} ${count} inputs, ${Math.round((1_000 * ms) / Math.max(1, count))} µs each\n`,
        )
      end(found.length === 0 ? 0 : 1)
    })
  })
}

/** What reads an input again. */
function command(target: string, number: number): string {
  return `npm run -s fuzz -- --only ${target} --seed ${seed} --input ${number}`
}

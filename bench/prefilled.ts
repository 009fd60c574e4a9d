import type { Cid } from '../src/core/cid.ts'
import type { Draft } from '../src/core/contribution/schema.ts'
import type { RunOptions } from './lab/benchmark.ts'
import { bytesToCheckpoint, fillGrove } from './lab/directory.ts'
import type { Load } from './lab/load.ts'
import { comparison, cpuComparison, type Row } from './lab/report.ts'
import { publishRequest, sampleDraft } from './lab/samples.ts'
import { type GroveProcess, since, type Workbench } from './lab/workbench.ts'

/** The least share of the rate on an empty grove that a rate is meant to be. */
const SHARE_MIN = 0.9
/** Publishes on each side in one turn, as a share of the benchmark's amount. */
const SHARE = 1 / 5
/** Turns in which the two sides publish alternately. */
const TURNS = 5
const WARM_UP = 200

/** What a grove may hold that must not slow down others' publishes. */
interface Holdings {
  /** What is held, after `figure` in the report. */
  readonly what: string
  readonly count: number
  readonly sampleOf: (number: number, before: readonly Cid[]) => Draft
  /** What is published beside it; `first` is the first contribution of either grove. */
  readonly publishes?: (number: number, first: Cid) => Draft
  /** What a publish is meant to write to the disk at most, in KB. */
  readonly written?: { readonly most: number }
}

/**
 * The rates on groves that hold much, each beside an empty grove in the same run. In turns, so that
 * other work of the machine meets both.
 */
export async function prefilledRows(
  bench: Workbench,
  load: Load,
  { amount, repeat, quick }: RunOptions,
): Promise<Row[]> {
  const rows: Row[] = []
  const turns = quick ? 1 : TURNS * repeat
  const each = Math.max(1, Math.round((amount * SHARE) / TURNS))
  for (const holdings of holdingsOf(amount, quick)) {
    const { rates, writtenKb } = await turnsBeside(bench, load, holdings, { turns, each })
    rows.push(
      comparison(
        rates,
        {
          figure: `publishes, JSON, with ${holdings.what} held`,
          unit: '/s',
          aim: { least: SHARE_MIN, of: 'ratio' },
        },
        ({ filled }) => filled.rate,
        { what: 'the same on an empty grove', value: ({ empty }) => empty.rate },
      ),
      ...cpuComparison(
        rates,
        { figure: `processor time of one, with ${holdings.what}`, unit: 'µs' },
        ({ filled }) => filled.cpuUs,
        { what: 'the same on an empty grove', value: ({ empty }) => empty.cpuUs ?? Number.NaN },
      ),
    )
    if (writtenKb !== undefined && holdings.written !== undefined)
      rows.push({
        figure: `written to the disk for one, checkpoints and all, with ${holdings.what} held`,
        unit: 'KB',
        value: writtenKb,
        aim: holdings.written,
      })
  }
  return rows
}

/** What one side did in a turn. */
interface Pace {
  /** Publishes a second. */
  readonly rate: number
  /** The grove's processor time of one publish. */
  readonly cpuUs: number | undefined
}

interface Side {
  readonly dir: string
  readonly grove: GroveProcess
  /** Its first contribution. */
  readonly first: Cid
}

interface Turn {
  readonly filled: Pace
  readonly empty: Pace
}

async function turnsBeside(
  bench: Workbench,
  load: Load,
  { count, sampleOf, publishes = sampleDraft }: Holdings,
  { turns, each }: { readonly turns: number; readonly each: number },
): Promise<{ rates: Turn[]; writtenKb: number | undefined }> {
  let number = count
  const open = async (held: number): Promise<Side> => {
    const dir = bench.path('prefilled')
    const [first] = await fillGrove(dir, Math.max(1, held), (n, before) => ({
      draft: held === 0 ? sampleDraft(n) : sampleOf(n, before),
    }))
    return { dir, grove: await bench.serve(dir, '--sync', 'off'), first: first as Cid }
  }
  const [filled, empty] = [await open(count), await open(0)]
  const paceOf = async (side: Side, times: number): Promise<Pace> => {
    const requests = Array.from({ length: times }, () =>
      publishRequest(publishes(number++, side.first)),
    )
    const before = side.grove.cpuSeconds()
    const { seconds } = await load.requests(side.grove.url, CONNECTIONS, requests)
    const cpu = since(before, side.grove.cpuSeconds())
    return { rate: times / seconds, cpuUs: cpu === undefined ? undefined : (cpu * 1e6) / times }
  }
  for (const side of [filled, empty]) await paceOf(side, Math.min(WARM_UP, each))
  const writtenBefore = filled.grove.writtenBytes()
  const rates: Turn[] = []
  for (let turn = 0; turn < turns; turn++) {
    // Each goes first in turn: whatever follows a pause is slower.
    const early = turn % 2 === 0 ? await paceOf(empty, each) : undefined
    const pace = await paceOf(filled, each)
    rates.push({ filled: pace, empty: early ?? (await paceOf(empty, each)) })
  }
  const written = since(writtenBefore, filled.grove.writtenBytes())
  const left = await bytesToCheckpoint(filled.dir)
  await Promise.all([filled.grove.stop(), empty.grove.stop()])
  const writtenKb = written === undefined ? undefined : (written + left) / 1_000 / (turns * each)
  return { rates, writtenKb }
}

const CONNECTIONS = 16
/** What a small publish among many is meant to write, with 16 connections. */
const WRITTEN_MOST_KB = 14

function holdingsOf(amount: number, quick: boolean): readonly Holdings[] {
  const scaled = (usual: number) => (quick ? Math.ceil(usual / 100) : usual)
  return [
    {
      what: '20 works of 100 metrics, 100 tags and 60 kB',
      count: 20,
      sampleOf: (number) => ({
        ...sampleDraft(number),
        description: 'long '.repeat(12_000),
        tags: names('tag', 100),
        scores: scoresIn(names('metric', 100), number),
      }),
    },
    {
      what: '1,000 metrics',
      count: 200,
      sampleOf: (number) => ({
        ...sampleDraft(number),
        scores: scoresIn(names(`metric ${number % 10}`, 100), number),
      }),
    },
    {
      what: `${scaled(16_000)} reviews of the same work`,
      count: scaled(16_000),
      sampleOf: (number, [first]) =>
        first === undefined ? sampleDraft(number) : review(number, first),
      publishes: review,
    },
    {
      what: `${10 * amount} contributions`,
      count: 10 * amount,
      sampleOf: (number) => sampleDraft(number, `metric-${number % 5}`),
      written: { most: WRITTEN_MOST_KB },
    },
  ]
}

const names = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${what} ${n} ${'of a long name '.repeat(4)}`)

function scoresIn(metrics: readonly string[], number: number): NonNullable<Draft['scores']> {
  return Object.fromEntries(
    metrics.map((metric) => [metric, { value: number, direction: 'minimize' }] as const),
  )
}

function review(number: number, targetCid: Cid): Draft {
  return {
    ...sampleDraft(number),
    kind: 'review',
    scores: { quality: { value: (number % 100) / 10, direction: 'maximize' } },
    relations: [{ targetCid, relationType: 'reviews' }],
  }
}

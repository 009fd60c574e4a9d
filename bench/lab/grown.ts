import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cid } from '../../src/core/cid.ts'
import type { Draft, Relation } from '../../src/core/contribution/schema.ts'
import { fillGrove } from './directory.ts'
import { sampleDraft } from './samples.ts'

/** Metrics of a work of rich text, of all of them together, and words of its description. */
const METRICS_EACH = 10
const METRICS = 200
const WORDS = 500

/** What a grove is filled with. */
export type Growth = 'small' | 'rich'

/** A directory that is large in one way, and the cid of what much of it is about. */
export interface Grown {
  readonly dir: string
  readonly count: number
  readonly hub: Cid
}

/** Fills a directory. */
export const grow = (growth: Growth, dir: string, count: number): Promise<Grown> =>
  growth === 'small' ? growSmall(dir, count) : growRich(dir, count)

/** Fills a directory below `keep`, unless an earlier run has left it there. */
export async function growOnce(keep: string, growth: Growth, count: number): Promise<Grown> {
  const dir = join(keep, `${growth}-${count}`)
  const note = join(dir, 'grown.json')
  const text = await readFile(note, 'utf8').catch(() => undefined)
  if (text !== undefined) return { ...(JSON.parse(text) as Grown), dir }
  await rm(dir, { recursive: true, force: true })
  const grown = await grow(growth, dir, count)
  await writeFile(note, JSON.stringify(grown))
  return grown
}

/** A copy of it that may be changed. */
export async function copyOf(grown: Grown, dir: string): Promise<Grown> {
  await cp(grown.dir, dir, { recursive: true })
  return { ...grown, dir }
}

/** Many small works in five metrics. Each tenth replies to, reviews or adopts the first one. */
function growSmall(dir: string, count: number): Promise<Grown> {
  return fill(dir, count, (number, hub) => {
    const draft = { ...sampleDraft(number, `metric-${number % 5}`), tags: tagsOf(number) }
    return hub === undefined || number % 10 !== 9 ? draft : about(draft, number, hub)
  })
}

/** Works of rich text in many metrics. Each derives from the first one. */
function growRich(dir: string, count: number): Promise<Grown> {
  return fill(dir, count, (number, hub) => ({
    ...sampleDraft(number),
    description: Array.from({ length: WORDS }, (_, at) => wordOf(number, at)).join(' '),
    tags: tagsOf(number),
    scores: scoresOf(number),
    relations: hub === undefined ? [] : [{ targetCid: hub, relationType: 'derives_from' }],
  }))
}

async function fill(
  dir: string,
  count: number,
  draftOf: (number: number, hub: Cid | undefined) => Draft,
): Promise<Grown> {
  const [hub] = await fillGrove(dir, count, (number, [first]) => ({
    draft: draftOf(number, first),
  }))
  return { dir, count, hub: hub as Cid }
}

/** One tag that all have, one that most have, one of a hundredth. */
function tagsOf(number: number): string[] {
  return ['bench', ...(number % 10 === 0 ? [] : ['most']), `series-${number % 100}`]
}

const others = [
  ['discussion', 'responds_to'],
  ['review', 'reviews'],
  ['adoption', 'adopts'],
] as const satisfies [Draft['kind'], Relation['relationType']][]

function about(draft: Draft, number: number, targetCid: Cid): Draft {
  const [kind, relationType] = others[Math.floor(number / 10) % others.length] ?? others[0]
  const scores: Draft['scores'] =
    kind === 'review' ? { quality: { value: number % 10, direction: 'maximize' } } : {}
  return { ...draft, kind, scores, relations: [{ targetCid, relationType }] }
}

/** Every tenth word is one that all have; the others are of a vocabulary of a few thousand. */
const wordOf = (number: number, at: number): string =>
  at % 10 === 0 ? `common${at % 100}` : `word${(number * 31 + at * 17) % 4_999}`

function scoresOf(number: number): NonNullable<Draft['scores']> {
  const metrics = Array.from({ length: METRICS_EACH }, (_, at) => (number * 7 + at * 20) % METRICS)
  return Object.fromEntries(
    metrics.map((metric) => [
      `rich-${metric}`,
      { value: (number * 0.618_033_988_7 + metric) % 1, direction: 'minimize' } as const,
    ]),
  )
}

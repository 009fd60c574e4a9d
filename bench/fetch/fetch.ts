import { Load } from '../load-client.ts'
import { amount, type Options } from '../options.ts'
import { inTurns, type Report } from '../report.ts'
import type { Workbench } from '../workbench.ts'
import { largeRows } from './large.ts'
import { fetchRates, type Rates } from './small.ts'

const GIB = 2 ** 30

/** How fast work moves from one grove to another: many small contributions, and one large artifact. */
export async function benchFetch(bench: Workbench, options: Options): Promise<Report> {
  const load = new Load(bench)
  const count = amount(options.count, 10_000, options.quick)
  const size = amount(options.size, GIB, options.quick)
  const small = count === 0 ? undefined : await smallReport(bench, load, count, options)
  const large = size === 0 ? undefined : await largeRows(bench, load, size, options)
  return {
    bench: 'fetch',
    how: [...(small?.how ?? []), ...(large?.how ?? [])],
    rows: [...(small?.rows ?? []), ...(large?.rows ?? [])],
  }
}

async function smallReport(
  bench: Workbench,
  load: Load,
  count: number,
  { repeat }: Options,
): Promise<Omit<Report, 'bench'>> {
  const rounds = await fetchRates(bench, load, count, repeat)
  const beside = {
    what: 'manifest and artifact read from A over 16 connections, neither verified nor kept',
    value: (each: Rates) => each.plain,
  }
  const small = `${count} small contributions`
  return {
    how: [
      `${count} contributions with an artifact of 1 KiB each, from A to B; median of ${repeat}. Afterwards B's directory held all of them.`,
      'On demand: POST /api/contributions/:cid/fetch at B with its defaults, 16 at once. Sync: one metric a thousand, a round asked for until all are there.',
    ],
    rows: [
      inTurns(
        rounds,
        { figure: `${small}, on demand`, unit: '/s' },
        (each) => each.onDemand,
        beside,
      ),
      inTurns(rounds, { figure: `${small}, by sync`, unit: '/s' }, (each) => each.sync, beside),
    ],
  }
}

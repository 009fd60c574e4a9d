import type { Support } from '../../core/ranking/directions.ts'
import { isSignalMetric } from '../../core/ranking/frontier.ts'
import { unitsAgree } from '../../core/ranking/units.ts'
import type { LeftOutWorks, MixedUnits } from '../../core/wire/frontier.ts'
import type { FormCount, GraphIndex, Ranking } from '../../ports/graph-index.ts'

/** Forms of one metric that are looked at, the most used first. */
const FORMS_MAX = 16

/**
 * What these rankings of works don't say by themselves: works that are left out for the other
 * direction of their scores, and values in units that can't be compared. It is about all works held
 * here, whatever the filter.
 */
export async function caveatsOf(
  index: GraphIndex,
  rankings: readonly Ranking[],
): Promise<{ leftOut?: LeftOutWorks[]; mixedUnits?: MixedUnits[] }> {
  const directions = new Map(
    rankings
      .filter(({ metric }) => !isSignalMetric(metric))
      .map(({ metric, direction }) => [metric, direction]),
  )
  const forms = await index.scoreForms([...directions.keys()], FORMS_MAX)
  const isRanked = (form: FormCount) => form.direction === directions.get(form.metric)
  const leftOut = await leftOutOf(
    index,
    forms.filter((form) => !isRanked(form)),
  )
  const mixed = [...Map.groupBy(forms.filter(isRanked), keyOf).values()].filter(isMixed)
  return {
    ...(leftOut.length > 0 && { leftOut }),
    ...(mixed.length > 0 && { mixedUnits: mixed.flatMap(mixedUnitsOf) }),
  }
}

const keyOf = ({ metric }: FormCount): string => metric

function isMixed([first, ...others]: readonly FormCount[]): boolean {
  return others.some(({ unit }) => !unitsAgree(first?.unit, unit))
}

/** What is left out with these forms, none of which is in the direction that ranks. */
async function leftOutOf(index: GraphIndex, forms: readonly FormCount[]): Promise<LeftOutWorks[]> {
  const byMetric = [...Map.groupBy(forms, keyOf)]
  const supports = await index.directions(byMetric.map(([metric]) => metric))
  return supports.flatMap(({ minimize, maximize }, n) => {
    const [metric = '', [first, ...others] = []] = byMetric[n] ?? []
    if (first === undefined) return []
    const { direction } = first
    const [own, ranked] = direction === 'minimize' ? [minimize, maximize] : [maximize, minimize]
    const works = others.reduce((sum, form) => sum + form.works, first.works)
    return [{ metric, direction, works, support: told(own), rankedSupport: told(ranked) }]
  })
}

const told = ({ published, voices }: Support) => ({ published, voices })

function mixedUnitsOf(forms: readonly FormCount[]): MixedUnits[] {
  const units = forms.map(({ unit, works }) => ({ ...(unit !== undefined && { unit }), works }))
  return forms.slice(0, 1).map(({ metric }) => ({ metric, units }))
}

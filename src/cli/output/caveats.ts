import type { FrontierAnswer, LeftOutWorks } from '../../core/wire/frontier.ts'
import { plural, printable } from './format.ts'
import { note, type Output } from './output.ts'

/** Notes what rankings don't show by themselves: works left out, and units that differ. */
export function noteCaveats(
  output: Output,
  { leftOut = [], mixedUnits = [] }: Pick<FrontierAnswer, 'leftOut' | 'mixedUnits'>,
): void {
  for (const { metric, direction, works, support, rankedSupport } of leftOut) {
    const [how, other] =
      direction === 'minimize' ? ['minimised', 'maximised'] : ['maximised', 'minimised']
    const what = `${plural(works, 'work')} in which ${printable(metric)} is ${how}`
    const why =
      support === undefined || rankedSupport === undefined
        ? ''
        : ` (${supportText(support)}), not ${other} (${supportText(rankedSupport)})`
    note(output, `left out: ${what}${why}`)
  }
  for (const { metric, units } of mixedUnits) {
    const counts = units.map(
      ({ unit, works }) => `${unit === undefined ? 'none' : printable(unit)} (${works})`,
    )
    note(output, `${printable(metric)} ranks values in units that differ: ${counts.join(', ')}`)
  }
}

function supportText({ published, voices }: NonNullable<LeftOutWorks['support']>): string {
  const others = voices === 0 ? '' : `, ${plural(voices, 'other host')}`
  return `${published} published here${others}`
}

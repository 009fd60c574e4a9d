import type { FrontierAnswer } from '../../core/wire/frontier.ts'
import { plural, printable } from './format.ts'
import { note, type Output } from './output.ts'

/** Notes what rankings don't show by themselves: works left out, and units that differ. */
export function noteCaveats(
  output: Output,
  { leftOut = [], mixedUnits = [] }: Pick<FrontierAnswer, 'leftOut' | 'mixedUnits'>,
): void {
  for (const { metric, direction, works } of leftOut) {
    const how = direction === 'minimize' ? 'minimised' : 'maximised'
    note(output, `left out: ${plural(works, 'work')} in which ${printable(metric)} is ${how}`)
  }
  for (const { metric, units } of mixedUnits) {
    const counts = units.map(
      ({ unit, works }) => `${unit === undefined ? 'none' : printable(unit)} (${works})`,
    )
    note(output, `${printable(metric)} ranks values in units that differ: ${counts.join(', ')}`)
  }
}

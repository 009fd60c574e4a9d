import { type Command, Option } from 'commander'
import type { EntryOrigins } from '../../../core/wire/frontier.ts'
import { readLimit } from '../../options.ts'

interface Entry {
  readonly origins?: EntryOrigins | undefined
}

/** The column with how many groves stand behind each entry; none where nobody has signed any. */
export function grovesColumn(entries: readonly Entry[]) {
  const isShown = entries.some(({ origins }) => origins !== undefined && origins.groves > 0)
  return {
    columns: isShown ? [{ title: 'groves', align: 'right' as const, leaveOut: 3 }] : [],
    cells: ({ origins }: Entry) =>
      isShown ? [origins === undefined ? '' : grovesText(origins)] : [],
  }
}

const grovesText = ({ groves, trusted = 0 }: EntryOrigins): string =>
  trusted === 0 ? String(groves) : `${groves}, ${trusted} trusted`

/** Options that ask who stands behind entries. */
export interface BehindOptions {
  readonly minOrigins?: number
  readonly level?: 'attested'
}

/** Adds them. */
export function addBehind(command: Command): Command {
  return command
    .option(
      '--min-origins <count>',
      'only where at least so many groves have signed what counts, the work or a reproduction',
      readLimit,
    )
    .addOption(
      new Option(
        '--level <level>',
        'only what a grove that you trust, and that did not publish it, reviewed or reproduced',
      ).choices(['attested']),
    )
}

/** What they ask for. */
export const behindFrom = ({ minOrigins, level }: BehindOptions): BehindOptions => ({
  ...(minOrigins !== undefined && { minOrigins }),
  ...(level !== undefined && { level }),
})

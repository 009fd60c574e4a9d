import type { Command } from 'commander'
import type { CheckoutResult } from '../../../api/client/checkout.ts'
import { operations } from '../../../api/operations/table.ts'
import { formatSize } from '../../../core/units.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { limitOption, readOffset } from '../../options.ts'
import { filesTable } from '../../output/files.ts'
import { plural, printable, short } from '../../output/format.ts'
import { note } from '../../output/output.ts'
import { printTable } from '../../output/table.ts'

/** Names that a note lists. */
const CONFLICTS_SHOWN = 5

interface FilesOptions {
  readonly limit: number
  readonly offset: number
}

/** `grove files`: lists the files of one contribution. */
export function addFiles(program: Command, context: Context): void {
  program
    .command('files')
    .description('List the files of a contribution by their paths, those in a pack too')
    .argument('<cid>', 'content id, or its first hex digits')
    .addOption(limitOption('how many to show', operations.files.input.shape.limit))
    .option('--offset <count>', 'how many to skip', readOffset, 0)
    .addHelpText(
      'after',
      examples([
        'grove files 24c41ac12fbc',
        "grove files 24c41ac12fbc --json | jq -r '.files[].path'",
      ]),
    )
    .action((text: string, options: FilesOptions, self: Command) =>
      withGrove(context, self, (session) => files(session, text, options)),
    )
}

async function files(session: CliSession, text: string, page: FilesOptions): Promise<void> {
  const cid = await cidOf(session, text)
  const { grove, signal, output } = session
  const list = await grove.files({ cid, ...page }, { signal })
  answer(session, list, () => {
    if (list.total === 0) return note(output, `${short(cid)} has no files`)
    printTable(output, filesTable(list.files))
    noteConflicts(session, list)
    const bytes = list.totalBytes === undefined ? '' : `, ${formatSize(list.totalBytes)}`
    const shown = list.files.length < list.total ? `${list.files.length} of ` : ''
    note(output, `${shown}${plural(list.total, 'file')}${bytes}${list.isPack ? ', in a pack' : ''}`)
    if (list.next !== undefined) note(output, `more: --offset ${list.next}`)
  })
}

/** Says why paths are not those that the names stand for. */
export function noteConflicts(
  { output }: CliSession,
  { conflicts }: Pick<CheckoutResult, 'conflicts'>,
): void {
  if (conflicts.length === 0) return
  const shown = conflicts.slice(0, CONFLICTS_SHOWN).map(printable).join(', ')
  const rest = conflicts.length > CONFLICTS_SHOWN ? ', …' : ''
  note(
    output,
    `one directory can't hold all of its artifacts, so they go by other names: ${shown}${rest}`,
  )
}

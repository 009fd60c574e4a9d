import type { Command } from 'commander'
import { operations } from '../../../api/operations/table.ts'
import { GroveError } from '../../../core/errors.ts'
import { hasWord } from '../../../core/text.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { addFilters, type FilterOptions, filterFrom } from '../../filters.ts'
import { limitOption } from '../../options.ts'
import { printable } from '../../output/format.ts'
import { note } from '../../output/output.ts'
import { printContributions } from './log.ts'

interface SearchOptions extends FilterOptions {
  readonly limit: number
}

/** `grove search`: searches the full text, best match first. */
export function addSearch(program: Command, context: Context): void {
  const command = program
    .command('search')
    .description('Search summaries, descriptions, tags and agents; every word must occur')
    .argument('<words...>', 'words to look for')
    .addOption(limitOption('rows to show', operations.search.input.shape.limit))
  addFilters(command)
    .addHelpText(
      'after',
      examples([
        'grove search rotary embedding',
        "grove search 'token*'    # all words that begin so",
        'grove search tokenizer --kind work --json',
      ]),
    )
    .action((words: string[], options: SearchOptions, self: Command) =>
      withGrove(context, self, (session) => search(session, words, options)),
    )
}

/** Throws `usage-error` for words that no contribution can have: `''`, `'!!'`. */
function requireWord(text: string): void {
  if (hasWord(text)) return
  const message = `'${text}' has no word to look for: \`grove log\` lists everything`
  throw new GroveError('usage-error', {}, { message })
}

async function search(
  session: CliSession,
  words: readonly string[],
  options: SearchOptions,
): Promise<void> {
  const q = words.join(' ')
  requireWord(q)
  const query = { q, ...filterFrom(options), limit: options.limit }
  const found = await session.grove.search(query, { signal: session.signal })
  answer(session, found, () => {
    printContributions(
      session,
      found.results.map(({ agentId, ...rest }) => ({ ...rest, agent: { agentId } })),
    )
    if (found.bounded === true)
      note(
        session.output,
        'very common words took no part in the order: where all are, the newest come first',
      )
    const word = q.match(/[\p{L}\p{N}]{3,}$/u)?.[0]
    if (found.results.length === 0 && word !== undefined)
      note(
        session.output,
        `words are compared whole: '${printable(word)}*' finds all that begin so`,
      )
  })
}

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CheckoutResult } from '../../../api/client/checkout.ts'
import { rankingNamed, requireMetric } from '../../../api/client/rankings.ts'
import type { Cid } from '../../../core/cid.ts'
import { shownPath } from '../../../core/contribution/choice.ts'
import { GroveError } from '../../../core/errors.ts'
import { formatSize } from '../../../core/units.ts'
import type { Withheld } from '../../../workspace/foreign.ts'
import { answer, type CliSession, type Context, cidOf, examples, withGrove } from '../../context.ts'
import { readText } from '../../options.ts'
import { plural, short } from '../../output/format.ts'
import { note, printProse } from '../../output/output.ts'
import { Progress } from '../../output/progress.ts'
import { watchingTransfers } from '../../output/watch.ts'
import { noteConflicts } from '../read/files.ts'

/** Paths of one kind that a note names. */
const SHOWN_MAX = 5

interface CheckoutFlags {
  readonly frontier?: string
  readonly to: string
  readonly overwrite?: boolean
  readonly trust?: boolean
  readonly trustModes?: boolean
  readonly artifact?: string[]
}

/** `grove checkout`: writes a contribution's artifacts into a directory. */
export function addCheckout(program: Command, context: Context): void {
  program
    .command('checkout')
    .description(
      'Write the artifacts of a contribution into a directory; what is missing here is ' +
        'fetched from other groves first',
    )
    .argument('[cid]', 'content id, or its first hex digits')
    .option(
      '--frontier <metric>',
      'instead of a cid: the best by this metric, or by adoption, review, reproduction or recency',
    )
    .requiredOption('--to <dir>', 'directory to write into; made if it does not exist')
    .option(
      '--overwrite',
      'write into a directory that is not empty, and replace files of the same names',
    )
    .option(
      '--artifact <path>',
      'only this file, or what is below this folder (may be repeated)',
      readText,
    )
    .option(
      '--trust-modes',
      'also write executable bits, and symbolic links that stay inside, of foreign work: what ' +
        'came over the network',
    )
    .option(
      '--trust',
      'write everything of foreign work: hidden files and git repositories too, whose ' +
        'configuration other tools obey',
    )
    .addHelpText(
      'after',
      examples([
        'grove checkout 24c41ac12fbc --to work',
        'grove checkout --frontier val_bpb --to best',
        'grove checkout 24c41ac12fbc --to work --artifact config.json --overwrite',
      ]),
    )
    .action((text: string | undefined, options: CheckoutFlags, self: Command) =>
      withGrove(context, self, (session) => checkout(session, text, options)),
    )
}

async function checkout(
  session: CliSession,
  text: string | undefined,
  options: CheckoutFlags,
): Promise<void> {
  const cid = await chosenCid(session, text, options.frontier)
  const result = await watchingTransfers(session, () => writeFiles(session, cid, options))
  answer(session, result, () => {
    const bytes = result.files.reduce((total, file) => total + file.sizeBytes, 0)
    const files = `${plural(result.files.length, 'file')}, ${formatSize(bytes)}`
    printProse(session.output, `${short(cid)} is in ${result.directory}: ${files}`)
    noteWithheld(session, result, options.trustModes === true)
    noteConflicts(session, result)
    noteOthers(session, result)
  })
}

/** Says what was not written of foreign work, and which option writes it. */
function noteWithheld(
  { output }: CliSession,
  { withheld }: CheckoutResult,
  trustModes: boolean,
): void {
  const paths = (what: Withheld['what']) =>
    withheld.filter((each) => each.what === what).map(({ path }) => shownPath(path))
  const say = (what: Withheld['what'], label: string, how: string) => {
    const some = paths(what)
    if (some.length === 0) return
    const rest = some.length > SHOWN_MAX ? ', …' : ''
    note(
      output,
      `foreign work: ${plural(some.length, label)} ${how}: ` +
        `${some.slice(0, SHOWN_MAX).join(', ')}${rest}`,
    )
  }
  const links = trustModes
    ? 'that may lead outside not written without --trust'
    : 'not written without --trust-modes, which writes those that stay inside'
  say('hidden', 'hidden file', 'not written without --trust')
  say('symlink', 'symbolic link', links)
  say('executable', 'executable', 'written without the bit, which --trust-modes keeps')
}

/** Says what else is there: whoever contributes the directory would take it. */
function noteOthers({ output }: CliSession, { others }: CheckoutResult): void {
  if (others.length === 0) return
  const rest = others.length > SHOWN_MAX ? ', …' : ''
  const some = others.slice(0, SHOWN_MAX).map(shownPath).join(', ')
  note(output, `there already, and not part of it: ${some}${rest}`)
}

async function writeFiles(
  { grove, output, clock, signal }: CliSession,
  cid: Cid,
  { to, overwrite = false, artifact, trust, trustModes }: CheckoutFlags,
) {
  const progress = new Progress(output, clock)
  const written = new Map<string, number>()
  let totalBytes = 0
  let doneBytes = 0
  // Imported here, since it would slow the start of other commands.
  const { checkoutInto } = await import('../../../api/client/checkout.ts')
  try {
    return await checkoutInto(grove, cid, resolve(to), {
      overwrite,
      trust: trust === true ? 'all' : trustModes === true ? 'modes' : 'none',
      signal,
      ...(artifact && { artifacts: artifact }),
      onFiles(files) {
        totalBytes = files.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
      },
      onProgress({ path, writtenBytes }) {
        doneBytes += writtenBytes - (written.get(path) ?? 0)
        written.set(path, writtenBytes)
        progress.update({ label: path, doneBytes, totalBytes })
      },
    })
  } finally {
    progress.clear()
  }
}

async function chosenCid(
  session: CliSession,
  text: string | undefined,
  metric: string | undefined,
): Promise<Cid> {
  if ((text === undefined) === (metric === undefined)) {
    throw new GroveError(
      'usage-error',
      {},
      { message: 'name what to check out: either a cid, or --frontier and a metric' },
    )
  }
  if (metric === undefined) return cidOf(session, text ?? '')
  const { grove, signal } = session
  const best = await grove.frontier({ kind: 'work', metric, limit: 1 }, { signal })
  const [first] = rankingNamed(best, metric)
  if (first !== undefined) return first.cid
  await requireMetric(grove, { metric }, { signal })
  throw new GroveError('not-found', { metric }, { message: `nothing is ranked by ${metric} yet` })
}

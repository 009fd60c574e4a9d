import type { Command } from 'commander'
import { refusalsOf, statusOf } from '../../../api/client/older-server.ts'
import { certificateWarning } from '../../../config/certificate.ts'
import type { GroveInfo } from '../../../core/wire/grove.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { plural, printable, shortKey } from '../../output/format.ts'
import { refusedLines } from '../../output/hints.ts'
import { print, printField, printProse } from '../../output/output.ts'

const LABEL_WIDTH = 15
const DAY_MS = 86_400_000
/** A hub signs its list daily: one that is older was not heard of, or is withheld. */
const OLD_LIST_DAYS = 3

/** `grove status`: says which grove this is and how it is doing. */
export function addStatus(program: Command, context: Context): void {
  program
    .command('status')
    .description('Say which grove this is, how much it holds and whether its peers answer')
    .addHelpText(
      'after',
      examples(['grove status', 'grove status --server http://10.0.0.5:4515 --json']),
    )
    .action((_: object, command: Command) => withGrove(context, command, status))
}

async function status(session: CliSession): Promise<void> {
  const { grove, signal } = session
  const info = await statusOf(grove, { signal })
  const refused = info.sync?.refused ?? {}
  const hasRefused = Object.keys(refused).length > 0 && !session.json
  const refusals = hasRefused ? await refusalsOf(grove, { signal }) : []
  answer(session, info, () => {
    const { output } = session
    const field = (name: string, value: string) => printField(output, name, value, LABEL_WIDTH)
    printProse(output, `grove ${info.version} at ${session.place}`)
    field('id', info.peerId)
    field('contributions', String(info.stats.contributions))
    if (info.admission !== undefined) field('admission', info.admission)
    const certificate = certificateText(info, session.clock.now())
    if (certificate !== undefined) field('certificate', certificate)
    for (const line of membershipLines(info.memberships, session.clock.now()))
      field('member of', line)
    if ((info.memberships?.members ?? 0) > 0)
      field('members', `${info.memberships?.members}: \`grove peers members\` lists them`)
    if (info.leaf !== undefined) field('leaf', leafText(info.leaf, info.gossip.peers))
    if ((info.leaves ?? 0) > 0)
      field('leaves', `${info.leaves}, which nobody can dial, publish through this grove`)
    if (info.recounting === true) field('counts', RECOUNTING)
    field('gossip', info.gossip.enabled ? 'on' : 'off: it is not being served')
    field('peers', peersText(info.gossip))
    for (const line of refusedLines(refused, refusals)) field('not fetched', line)
    if (info.storage?.failure !== undefined) field('storage', info.storage.failure)
    if ((info.storage?.damaged ?? 0) > 0) printDamaged(session, info.storage)
  })
}

/** What is wrong with the certificate of a grove, or soon will be. */
function certificateText({ certificateUntil: until }: GroveInfo, now: number): string | undefined {
  return until === undefined ? undefined : certificateWarning(Date.parse(until), now)
}

const RECOUNTING =
  'recounting: signals and rankings are being brought up to date with who counts here'

/** Through whom a grove publishes that nobody can dial, and what has not got there. */
export function leafText({ hubs }: NonNullable<GroveInfo['leaf']>, peers: number): string {
  if (hubs.length === 0 && peers === 0)
    return 'nobody can dial this grove, and it has no hub: `grove join` or `--peer URL` names one'
  if (hubs.length === 0)
    return 'nobody can dial this grove, and no hub answers: `grove peers` says why'
  const named = hubs.map(({ address, published = 0, lacking = 0 }) => {
    const works = `${lacking} of the latest ${published} works published here`
    return printable(address) + (lacking > 0 ? `, which does not hold ${works}` : '')
  })
  const through = `hub${hubs.length === 1 ? '' : 's'} ${named.join(' and ')}`
  return `nobody can dial this grove: it publishes through ${through}`
}

function membershipLines(memberships: GroveInfo['memberships'], now: number): string[] {
  return (memberships?.hubs ?? []).map(({ peerId, address, isMember, members, listedAt }) => {
    const place = `${shortKey(peerId)} at ${printable(address)}`
    if (!isMember)
      return `${place}, which does not list this grove: ask who runs it for another invite`
    const days = Math.floor((now - Date.parse(listedAt)) / DAY_MS)
    const old = days >= OLD_LIST_DAYS ? `; its list is ${days} days old` : ''
    return `${place}, with ${plural(members, 'member')} in all${old}`
  })
}

/** How many peers there are and how many of them answer, or how to get some. */
export function peersText({
  peers,
  liveness,
  proven,
}: Pick<GroveInfo['gossip'], 'peers' | 'liveness' | 'proven'>): string {
  if (peers === 0) return 'none: `grove serve --peer URL` starts from one'
  const alive = liveness.filter((peer) => peer.status === 'alive').length
  const why = alive < peers ? '; `grove peers` says why' : ''
  const among = proven === undefined ? '' : `, chosen among ${proven} that have proven themselves`
  return `${peers}, of which ${alive} ${alive === 1 ? 'is' : 'are'} alive${among}${why}`
}

function printDamaged({ output }: CliSession, storage: GroveInfo['storage']): void {
  const { damaged = 0, damagedHashes = [] } = storage ?? {}
  const what = `${damaged} of the blobs and manifests held here:`
  printField(output, 'damaged', what, LABEL_WIDTH)
  for (const hash of damagedHashes) print(output, `  ${hash}`)
  printProse(
    output,
    'They count as missing: `grove fetch` what needs them, or contribute it again.',
  )
}

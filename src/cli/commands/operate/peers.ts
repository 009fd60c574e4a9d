import { Argument, type Command } from 'commander'
import { GroveError } from '../../../core/errors.ts'
import type { Proof } from '../../../core/peers/peer-record.ts'
import { formatSize } from '../../../core/units.ts'
import type { StandingRequest, StandingShown } from '../../../core/wire/access.ts'
import type { FederationPeer } from '../../../core/wire/federation.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { readDuration } from '../../options.ts'
import { arrow, formatNumber, printable, short, shortKey } from '../../output/format.ts'
import { failureText } from '../../output/hints.ts'
import { note, print, style } from '../../output/output.ts'
import { printTable, type Table } from '../../output/table.ts'
import { momentsIn } from '../../output/time.ts'

const actions = ['members', 'standings', 'trust', 'block', 'unblock'] as const
type Action = (typeof actions)[number]

interface Flags {
  readonly proofs?: boolean
  readonly reason?: string
  readonly for?: number
}

/** `grove peers`: lists the peers and their records. */
export function addPeers(program: Command, context: Context): void {
  program
    .command('peers')
    .description(
      'List the groves that this one knows: whether they answer, and whether what they ' +
        'advertised and sent was right',
    )
    .addArgument(new Argument('[action]', 'what to do (default: list them)').choices(actions))
    .argument('[peer]', 'the id of a grove (block, unblock: or its first digits), or an address')
    .option('--proofs', 'also show which advertisements the manifests contradict')
    .option('--reason <text>', 'why, for trust and block')
    .option(
      '--for <duration>',
      'how long, as 7d, for trust and block (default: for good)',
      readDuration,
    )
    .addHelpText(
      'after',
      `\nblock keeps a grove from calling this one, and this one from calling it; trust lists
a key: with --admission members, only those may call. Both are taken back by unblock.
A grove is known by its key; one without is blocked by its address. Whom a grove
trusts that others have joined is a member to those, too. members lists the groves
that have joined by an invite.\n${examples([
        'grove peers',
        'grove peers --proofs',
        'grove peers trust ed25519:…',
        'grove peers block http://10.0.0.7:4515 --reason "lies about val_bpb" --for 7d',
        'grove peers standings',
      ])}`,
    )
    .action((action: Action | undefined, peer: string | undefined, options: Flags, self: Command) =>
      withGrove(context, self, (session) => runAction(session, action, peer, options)),
    )
}

function runAction(
  session: CliSession,
  action: Action | undefined,
  peer: string | undefined,
  options: Flags,
): Promise<void> {
  if (action === undefined) return peers(session, options.proofs === true)
  if (action === 'standings') return standings(session)
  if (action === 'members') return members(session)
  const standing = { trust: 'trusted', block: 'blocked', unblock: 'none' } as const
  const message = `peers ${action} needs a grove, by its id or address: see \`grove peers\``
  if (peer === undefined) throw new GroveError('usage-error', {}, { message })
  return say(session, { peer, standing: standing[action] }, options)
}

async function say(
  session: CliSession,
  said: Pick<StandingRequest, 'peer' | 'standing'>,
  { reason, for: forMs }: Flags,
): Promise<void> {
  const { grove, signal, output } = session
  const terms = { ...(reason && { reason }), ...(forMs === undefined ? {} : { forMs }) }
  const answered = await grove.setStanding({ ...said, ...terms }, { signal })
  answer(session, { ...said, ...answered }, () => {
    const what = said.standing === 'none' ? 'neither trusted nor blocked' : said.standing
    print(output, `${printable(answered.peer)} is ${what} now`)
    if (answered.now !== undefined)
      note(output, `that grove has another key since, of which nothing is said: ${answered.now}`)
  })
}

async function standings(session: CliSession): Promise<void> {
  const found = await session.grove.standings({}, { signal: session.signal })
  const { output, clock } = session
  answer(session, found, () => {
    if (found.standings.length === 0) return note(output, 'no grove is trusted or blocked here')
    printTable(output, standingsTable(found.standings, momentsIn(output, clock)))
  })
}

async function members(session: CliSession): Promise<void> {
  const found = await session.grove.memberships({}, { signal: session.signal })
  const { output, clock } = session
  answer(session, found, () => {
    if (found.members.length === 0)
      return note(output, 'no grove has joined this one: `grove invite` lets one in')
    const moment = momentsIn(output, clock)
    const { titles, cells } = formerColumn(found.members)
    const columns = [{ title: 'grove' }, { title: 'name', min: 8, main: 1 }, { title: 'since' }]
    printTable(output, {
      columns: [...columns, ...titles],
      rows: found.members.map(({ peerId, name = '', since }, n) => [
        ...[peerId, printable(name), moment(since)],
        ...(cells[n] ?? []),
      ]),
    })
  })
}

/** The keys that groves had before, in a column where any has had another. */
function formerColumn(groves: readonly { readonly formerly?: readonly string[] | undefined }[]) {
  const isShown = groves.some(({ formerly = [] }) => formerly.length > 0)
  return {
    titles: isShown ? [{ title: 'formerly' }] : [],
    cells: groves.map(({ formerly = [] }) => (isShown ? [formerly.map(shortKey).join(' ')] : [])),
  }
}

/** Who is trusted and who is blocked, the oldest first. Pure. */
function standingsTable(
  entries: readonly StandingShown[],
  moment: (timestamp: string) => string,
): Table {
  const { titles, cells } = formerColumn(entries)
  return {
    columns: [
      { title: 'grove' },
      { title: 'is' },
      { title: 'since', leaveOut: 1 },
      { title: 'until' },
      { title: 'reason', min: 8, main: 2 },
      ...titles,
    ],
    rows: entries.map(({ peer, standing, since, until, reason = '' }, n) => [
      printable(peer),
      standing,
      moment(since),
      until === undefined ? '' : moment(until),
      printable(reason),
      ...(cells[n] ?? []),
    ]),
  }
}

async function peers(session: CliSession, withProofs: boolean): Promise<void> {
  const found = await session.grove.federationPeers({}, { signal: session.signal })
  const { output, clock } = session
  answer(session, found, () => {
    if (found.peers.length === 0)
      return note(output, 'no peers: name one to start from with `grove serve --peer URL`')
    const moment = momentsIn(output, clock)
    printTable(output, peersTable(found.peers, moment))
    if (withProofs) for (const peer of found.peers) printProofs(session, peer, moment)
  })
}

/** The peers, with whatever is wrong with each in full. Pure. */
export function peersTable(
  peers: readonly FederationPeer[],
  moment: (timestamp: string) => string,
): Table {
  return {
    columns: [
      { title: 'address' },
      { title: 'status' },
      { title: 'answered', leaveOut: 1 },
      { title: 'trust (0 to 1)', align: 'right', leaveOut: 3 },
      { title: 'right/wrong', align: 'right', leaveOut: 4 },
      { title: 'bytes good', align: 'right', leaveOut: 5 },
      { title: 'bad', align: 'right', leaveOut: 6 },
      { title: 'standing', leaveOut: 2 },
      { title: 'id', leaveOut: 7 },
      { title: '', main: ERROR_LINES },
    ],
    rows: peers.map(({ peerId, address, status, seed, standing = '', lastSeen, record }) => [
      printable(address),
      seed ? `${status}, seed` : status,
      lastSeen === undefined ? 'never' : moment(lastSeen),
      record.trust.toFixed(2),
      `${record.confirmed}/${record.contradicted}`,
      formatSize(record.bytesGood),
      record.bytesBad === 0 ? '' : formatSize(record.bytesBad),
      standing,
      peerId === address ? '' : printable(peerId),
      errorOf(record.lastError, status, moment),
    ]),
  }
}

/** Lines that a peer's last error may take. */
const ERROR_LINES = 7

function errorOf(
  error: FederationPeer['record']['lastError'],
  status: FederationPeer['status'],
  moment: (timestamp: string) => string,
): string {
  if (error === undefined)
    return status === 'alive' || status === 'unknown' ? '' : 'it does not answer'
  return `last error, ${moment(error.at)}: ${failureText(error)}`
}

/** What the peer advertised and what the manifests say: whoever holds them can check it. */
function printProofs(
  { output }: CliSession,
  { address, record }: FederationPeer,
  moment: (timestamp: string) => string,
): void {
  if (record.proofs.length === 0) return
  const title = `contradicted advertisements of ${printable(address)}`
  print(output, `\n${style(output, 'bold', title)}`)
  printTable(output, proofsTable(record.proofs, moment))
}

/** Advertisements that a manifest contradicts. Pure. */
export function proofsTable(
  proofs: readonly Proof[],
  moment: (timestamp: string) => string,
): Table {
  return {
    columns: [
      { title: 'when', leaveOut: 1 },
      { title: 'cid' },
      { title: 'metric', min: 8, main: 2 },
      { title: 'advertised' },
      { title: 'in fact' },
    ],
    rows: proofs.map(({ at, cid, metric, advertised, actual }) => [
      moment(at),
      short(cid),
      printable(metric),
      said(advertised),
      actual === undefined ? 'no such score' : said(actual),
    ]),
  }
}

function said({ value, direction }: Proof['advertised']): string {
  return `${formatNumber(value)} ${arrow(direction)}`
}

import { Argument, type Command } from 'commander'
import { GroveError } from '../../../core/errors.ts'
import type { InviteInfo, NewInvite } from '../../../core/wire/join.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { readCount, readDuration } from '../../options.ts'
import { shortKey } from '../../output/format.ts'
import { note, print } from '../../output/output.ts'
import { printTable, type Table } from '../../output/table.ts'
import { momentsIn } from '../../output/time.ts'

const actions = ['create', 'list', 'revoke'] as const
type Action = (typeof actions)[number]

interface InviteFlags {
  readonly expires?: number
  readonly uses?: number
  readonly address?: string
  readonly qr?: boolean
  readonly quiet?: boolean
}

/** `grove invite`: how other groves become members of this one. */
export function addInvite(program: Command, context: Context): void {
  program
    .command('invite')
    .description('Print a line by which another grove joins this one; list and revoke invites')
    .addArgument(
      new Argument('[action]', 'what to do (default: create)').choices(actions).default('create'),
    )
    .argument('[id]', 'revoke: the id of the invite')
    .option('--expires <duration>', 'how long it is good, as 7d (default: 24h)', readDuration)
    .option('--uses <count>', 'how many groves may join by it (default: 1)', readCount)
    .option('--address <url>', 'where joiners reach this grove: another one of its addresses')
    .option('--qr', 'also show it as a QR code')
    .option('--quiet', 'print the line, and nothing else')
    .addHelpText(
      'after',
      `\nWho has the line can join, so hand it over where nobody else reads. It is good for
one grove, and shown this once. Who joins is a member: it may call with
--admission members, and the other members' work counts there.\n${examples([
        'grove invite',
        'grove invite --expires 7d --uses 5 --quiet',
        'grove invite list',
        'grove invite revoke 5b0e6f7a1c2d',
      ])}`,
    )
    .action((action: Action, id: string | undefined, flags: InviteFlags, command: Command) =>
      withGrove(context, command, (session) => runAction(session, action, id, flags)),
    )
}

async function runAction(
  session: CliSession,
  action: Action,
  id: string | undefined,
  flags: InviteFlags,
): Promise<void> {
  refuseStray(action, id, flags)
  if (action === 'create') await create(session, flags)
  else if (action === 'list') await list(session)
  else await revoke(session, id ?? '')
}

/** Throws `usage-error` for what the action doesn't take, or lacks. */
function refuseStray(action: Action, id: string | undefined, flags: InviteFlags): void {
  const stray = action === 'create' ? undefined : Object.keys(flags)[0]
  const message =
    stray !== undefined
      ? `invite ${action} takes no --${stray}: only create does`
      : action !== 'revoke' && id !== undefined
        ? `invite ${action} takes no id`
        : action === 'revoke' && id === undefined
          ? 'invite revoke needs the id of an invite: `grove invite list` shows them'
          : undefined
  if (message !== undefined) throw new GroveError('usage-error', {}, { message })
}

async function create(
  session: CliSession,
  { expires, uses, address, qr = false, quiet = false }: InviteFlags,
): Promise<void> {
  const { grove, output, signal } = session
  const made = await grove.invite(
    {
      ...(expires === undefined ? {} : { expiresInMs: expires }),
      ...(uses === undefined ? {} : { uses }),
      ...(address === undefined ? {} : { address }),
    },
    { signal },
  )
  const code = qr ? await codeOf(made.line) : undefined
  answer(session, made, () => {
    print(output, made.line)
    if (code !== undefined) print(output, code)
    if (!quiet) for (const line of remarks(made)) note(output, line)
  })
}

/** What to know about an invite beside its line. */
function remarks({ id, line, expiresAt, uses, isLoopback }: NewInvite): string[] {
  const groves = uses === 1 ? 'one grove' : `${uses} groves`
  const end = `it is good for ${groves} until ${expiresAt}, or until \`grove invite revoke ${id}\``
  const near = 'its address means this machine to whoever reads it: --public-url names another'
  const bare =
    "its address is a machine's bare name, which others may not find: --public-url names another"
  const isBare = /^grove\+https?:\/\/[^.:/[]+[:/]/.test(line)
  const place = isLoopback ? [near] : isBare ? [bare] : []
  return ['on the other machine: `grove join LINE`', end, ...place]
}

/** Imported here, since few commands need it. */
async function codeOf(line: string): Promise<string> {
  const { encodeQR } = await import('qr')
  return encodeQR(line, 'ascii').trimEnd()
}

async function list(session: CliSession): Promise<void> {
  const found = await session.grove.invites({}, { signal: session.signal })
  const { output, clock } = session
  answer(session, found, () => {
    if (found.invites.length === 0) return note(output, 'no invites: `grove invite` makes one')
    printTable(output, invitesTable(found.invites, momentsIn(output, clock)))
    if (found.invites.some(({ refused }) => refused.length > 0))
      note(
        output,
        'an invite came from another grove than used it: somebody has a copy. `grove peers ' +
          'block` keeps out whoever joined by it and was not meant',
      )
  })
}

async function revoke(session: CliSession, id: string): Promise<void> {
  const ended = await session.grove.revokeInvite({ id }, { signal: session.signal })
  answer(session, ended, () => print(session.output, `revoked ${ended.id}`))
}

/** The invites, the oldest first. Pure. */
function invitesTable(
  invites: readonly InviteInfo[],
  moment: (timestamp: string) => string,
): Table {
  return {
    columns: [
      { title: 'id' },
      { title: 'made', leaveOut: 1 },
      { title: 'ends' },
      { title: 'used' },
      { title: 'by', min: 8, main: 2 },
      { title: 'refused, had it too', min: 8, main: 2 },
    ],
    rows: invites.map(({ id, createdAt, expiresAt, uses, usedBy, refused, ...ended }) => [
      id,
      moment(createdAt),
      moment(expiresAt) + endOf(ended),
      `${usedBy.length}/${uses}`,
      usedBy.map(shortKey).join(', '),
      refused.map(({ peerId, at }) => `${shortKey(peerId)}, ${moment(at)}`).join('; '),
    ]),
  }
}

function endOf({
  isExpired,
  endedByRotation,
}: Pick<InviteInfo, 'isExpired' | 'endedByRotation'>): string {
  if (isExpired) return ' (over)'
  return endedByRotation === true ? ' (over: this grove has another key since)' : ''
}

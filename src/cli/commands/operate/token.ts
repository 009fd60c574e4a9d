import { Argument, type Command, Option } from 'commander'
import { GroveError } from '../../../core/errors.ts'
import { type Scope, scopes } from '../../../core/identity/token.ts'
import type { TokenInfo } from '../../../core/wire/access.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { readDuration } from '../../options.ts'
import { printable } from '../../output/format.ts'
import { note, print } from '../../output/output.ts'
import { printTable, type Table } from '../../output/table.ts'
import { momentsIn } from '../../output/time.ts'

const actions = ['create', 'list', 'revoke'] as const
type Action = (typeof actions)[number]

interface TokenFlags {
  readonly scope?: Scope
  readonly expires?: number
}

/** `grove token`: what agents and operators on other machines show to be let in. */
export function addToken(program: Command, context: Context): void {
  program
    .command('token')
    .description(
      'Make a token, by which somebody calls this grove from another machine; list, revoke',
    )
    .addArgument(
      new Argument('[action]', 'what to do (default: list)').choices(actions).default('list'),
    )
    .argument('[name]', 'create: a name for people; revoke: the id or the name of the token')
    .addOption(new Option('--scope <scope>', 'what it allows (default: read)').choices(scopes))
    .option(
      '--expires <duration>',
      'how long it is valid, as 30d (default: for ever)',
      readDuration,
    )
    .addHelpText(
      'after',
      `\nread allows all reading; publish also contributing, uploading and fetching;
operate everything, tokens too. A token is printed once, by create: only its hash
is kept. Who calls gives it as GROVE_TOKEN, as "token" in a grove.json that nobody
else can read, or as the header authorization: Bearer <token>.\n${examples([
        'grove token create ci --scope publish --expires 30d',
        'grove token list',
        'grove token revoke ci',
        'GROVE_TOKEN=grove_… grove frontier --server http://10.0.0.5:4515',
      ])}`,
    )
    .action((action: Action, name: string | undefined, flags: TokenFlags, command: Command) =>
      withGrove(context, command, (session) => runAction(session, action, name, flags)),
    )
}

async function runAction(
  session: CliSession,
  action: Action,
  name: string | undefined,
  flags: TokenFlags,
): Promise<void> {
  refuseStray(action, name, flags)
  if (action === 'create') await create(session, name, flags)
  else if (action === 'list') await list(session)
  else await revoke(session, name ?? '')
}

/** Throws `usage-error` for what the action doesn't take, or lacks. */
function refuseStray(action: Action, name: string | undefined, flags: TokenFlags): void {
  const stray = action === 'create' ? undefined : Object.keys(flags)[0]
  const message =
    stray !== undefined
      ? `token ${action} takes no --${stray}: only create does`
      : action === 'list' && name !== undefined
        ? 'token list takes no name'
        : action === 'revoke' && name === undefined
          ? 'token revoke needs the id or the name of a token: `grove token list` shows them'
          : undefined
  if (message !== undefined) throw new GroveError('usage-error', {}, { message })
}

async function create(
  session: CliSession,
  name: string | undefined,
  { scope, expires }: TokenFlags,
): Promise<void> {
  const { grove, output, signal } = session
  const made = await grove.createToken(
    {
      ...(name === undefined ? {} : { name }),
      ...(scope === undefined ? {} : { scope }),
      ...(expires === undefined ? {} : { expiresInMs: expires }),
    },
    { signal },
  )
  answer(session, made, () => {
    print(output, made.token)
    note(output, `it allows ${made.scope}, and is shown this once; ${remedyFor(made)}`)
  })
}

const remedyFor = ({ id, expiresAt }: TokenInfo): string =>
  `it ends ${expiresAt === undefined ? 'when' : `at ${expiresAt}, or when`} you revoke it: ` +
  `\`grove token revoke ${id}\``

async function list(session: CliSession): Promise<void> {
  const found = await session.grove.tokens({}, { signal: session.signal })
  const { output, clock } = session
  answer(session, found, () => {
    if (found.tokens.length === 0)
      return note(output, 'no tokens: `grove token create` makes one for callers of other machines')
    printTable(output, tokensTable(found.tokens, momentsIn(output, clock)))
  })
}

async function revoke(session: CliSession, token: string): Promise<void> {
  const ended = await session.grove.revokeToken({ token }, { signal: session.signal })
  answer(session, ended, () =>
    print(session.output, `revoked ${ended.id} ${printable(ended.name)}`.trimEnd()),
  )
}

/** The tokens, the oldest first. Pure. */
function tokensTable(tokens: readonly TokenInfo[], moment: (timestamp: string) => string): Table {
  return {
    columns: [
      { title: 'id' },
      { title: 'name', min: 8, main: 1 },
      { title: 'allows' },
      { title: 'made', leaveOut: 1 },
      { title: 'ends' },
    ],
    rows: tokens.map(({ id, name, scope, createdAt, expiresAt, isExpired }) => [
      id,
      printable(name),
      scope,
      moment(createdAt),
      expiresAt === undefined ? 'never' : `${moment(expiresAt)}${isExpired ? ' (over)' : ''}`,
    ]),
  }
}

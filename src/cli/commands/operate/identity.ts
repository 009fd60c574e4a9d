import { resolve } from 'node:path'
import { Argument, type Command } from 'commander'
import { GroveError, isGroveError } from '../../../core/errors.ts'
import type { GroveIdentity } from '../../../core/wire/identity.ts'
import { isGroveDirectory } from '../../../disk/grove-directory.ts'
import { projectDirectory, refuseServer } from '../../connect.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { remember } from '../../known.ts'
import { plural, printable } from '../../output/format.ts'
import { note, print, printJson } from '../../output/output.ts'
import { warnings } from '../../output/terminal-log.ts'
import { formatTime } from '../../output/time.ts'

const actions = ['show', 'export', 'rotate'] as const
type Action = (typeof actions)[number]

/** `grove identity`: the key of a grove, which says who it is. */
export function addIdentity(program: Command, context: Context): void {
  program
    .command('identity')
    .description('Say who this grove is, print its public key, or give it another key')
    .addArgument(
      new Argument('[action]', 'what to do (default: show)').choices(actions).default('show'),
    )
    .addHelpText(
      'after',
      `\nA grove has an Ed25519 key from its first start on, in identity.pem in its
directory: whoever has that file is this grove. Keep a copy of it apart from
other backups. rotate makes another key in its place, which the one before
names: do it where others may have the key. Stop \`grove serve\` for that.\n${examples([
        'grove identity',
        'grove identity export > grove.pub',
        'grove identity rotate --dir /srv/grove',
      ])}`,
    )
    .action((action: Action, _: object, command: Command) =>
      action === 'rotate'
        ? rotate(context, command)
        : withGrove(context, command, (session) => show(session, action)),
    )
}

async function show(session: CliSession, action: Exclude<Action, 'rotate'>): Promise<void> {
  const identity = await session.grove.identity({}, { signal: session.signal })
  answer(session, identity, () => {
    const { output } = session
    if (action === 'export') return print(output, identity.publicKey.trimEnd())
    for (const line of linesOf(identity)) print(output, line)
  })
}

/** An identity for people. Pure. */
function linesOf({ peerId, formerly, rotations }: GroveIdentity): string[] {
  const last = rotations.at(-1)
  return [
    `id        ${peerId}`,
    ...(last === undefined ? [] : [`since     ${formatTime(last.at)}`]),
    ...rotations.toReversed().map(({ from, at }) => `before    ${from}, until ${formatTime(at)}`),
    ...(formerly === undefined ? [] : [`without   ${printable(formerly)}, before it had a key`]),
  ]
}

async function rotate({ env, output }: Context, command: Command): Promise<void> {
  const { json, ...where } = command.optsWithGlobals<{ json?: boolean; dir?: string }>()
  refuseServer('identity rotate', where)
  const dir = where.dir ?? env.GROVE_DIR ?? (await projectDirectory(process.cwd(), env))
  if (dir === undefined || !(await isGroveDirectory(dir))) {
    const message = `${dir ?? 'this directory'} holds no grove: --dir names one`
    throw new GroveError('not-found', { dir }, { message })
  }
  // Imported here, since it would slow the start of other commands.
  const { rotateKey } = await import('../../../compose.ts')
  const rotated = await rotateKey({ dir }, warnings(output)).catch((error: unknown) => {
    throw isGroveError(error, 'storage-locked') ? served(dir, error) : error
  })
  const { key, rotations, invitesEnded } = rotated
  await remember(resolve(dir), env)
  const last = rotations.at(-1)
  if (json === true) return printJson(output, { peerId: key.peerId, rotation: last, invitesEnded })
  print(output, `this grove is ${key.peerId} now, and was ${last?.from}`)
  note(output, 'tell those who wrote the id before: others learn of it when it is served again')
  if (invitesEnded > 0)
    note(output, `${plural(invitesEnded, 'open invite')} ended: make new ones by \`grove invite\``)
}

/** A grove gets another key only while no process has its directory open. */
function served(dir: string, cause: GroveError): GroveError {
  const { pid } = cause.details
  const by = typeof pid === 'number' ? ` (process ${pid})` : ''
  const message = `${dir} is being served${by}: stop that first, and serve it again afterwards`
  return new GroveError('storage-locked', cause.details, { cause, message })
}

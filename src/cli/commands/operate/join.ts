import type { Command } from 'commander'
import { statusOf } from '../../../api/client/older-server.ts'
import { oneCommand } from '../../connect.ts'
import { answer, type CliSession, type Context, examples, withGrove } from '../../context.ts'
import { printable, shortKey } from '../../output/format.ts'
import { note, print } from '../../output/output.ts'

/** `grove join`: becomes a member of the grove that made an invite. */
export function addJoin(program: Command, context: Context): void {
  program
    .command('join')
    .description('Join the grove that printed an invite: share with it and its members')
    .argument('<line>', 'what `grove invite` printed there; - reads it from stdin')
    .option('--name <name>', 'a name of this grove, for people there')
    .addHelpText(
      'after',
      `\nA directory that --dir names and that doesn't exist is made. The grove there becomes
a seed of this one, over restarts, and the list of its members is
followed: they may call this one with --admission members, and their work counts
here. The secret in the line is not sent: this grove proves that it has it.\n${examples([
        'grove join grove+http://10.0.0.5:4515/#ed25519:….…',
        'grove join grove+https://grove.example/#ed25519:….… --dir /srv/grove',
      ])}`,
    )
    .action((line: string, { name }: { name?: string }, command: Command) => {
      const join = async (session: CliSession) => {
        const { grove, signal, output, place } = session
        const terms = { invite: await lineOf(line), ...(name === undefined ? {} : { name }) }
        const hub = await grove.joinGrove(terms, { signal })
        const { admission } = await statusOf(grove, { signal })
        answer(session, hub, () => {
          const count = hub.members.length
          print(output, `joined ${shortKey(hub.peerId)} at ${printable(hub.address)}`)
          note(output, `it has ${count} ${count === 1 ? 'member' : 'members'}, this one among them`)
          if (admission === 'open') note(output, openStays)
          if (!place.startsWith('http'))
            note(output, '`grove serve` shares with it; `grove leave` takes it back')
        })
      }
      return withGrove(context, command, join, { ...oneCommand, creates: true })
    })
}

const openStays =
  'this grove stays in `open`: any grove may call it, and what strangers say counts. ' +
  '`grove serve --admission members` keeps to members'

/** Others on this machine can read command lines. */
async function lineOf(given: string): Promise<string> {
  if (given !== '-') return given
  const { text } = await import('node:stream/consumers')
  return (await text(process.stdin)).trim()
}

/** `grove leave`: takes a join back. */
export function addLeave(program: Command, context: Context): void {
  program
    .command('leave')
    .description('Leave a grove that was joined; what was shared stays at both')
    .argument('[grove]', 'its id or its address (default: the only one)')
    .addHelpText('after', examples(['grove leave', 'grove leave http://10.0.0.5:4515']))
    .action((named: string | undefined, _: object, command: Command) =>
      withGrove(context, command, async (session) => {
        const { grove, signal, output } = session
        const left = await grove.leaveGrove(named === undefined ? {} : { grove: named }, { signal })
        answer(session, left, () => {
          print(output, `left ${shortKey(left.peerId)} at ${printable(left.address)}`)
          if (!left.isTold)
            note(
              output,
              'it could not be told, and lists this grove until somebody there blocks it',
            )
        })
      }),
    )
}

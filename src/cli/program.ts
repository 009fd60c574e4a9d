import { Command, type Help } from 'commander'
import { VERSION } from '../version.ts'
import { addCompletions } from './commands/operate/completions.ts'
import { addEvents } from './commands/operate/events.ts'
import { addIdentity } from './commands/operate/identity.ts'
import { addInit } from './commands/operate/init.ts'
import { addInvite } from './commands/operate/invite.ts'
import { addJoin, addLeave } from './commands/operate/join.ts'
import { addMcp } from './commands/operate/mcp.ts'
import { addPeers } from './commands/operate/peers.ts'
import { addServe } from './commands/operate/serve.ts'
import { addStatus } from './commands/operate/status.ts'
import { addSync } from './commands/operate/sync.ts'
import { addToken } from './commands/operate/token.ts'
import { addAttest } from './commands/read/attest.ts'
import { addDiff } from './commands/read/diff.ts'
import { addFiles } from './commands/read/files.ts'
import { addFrontier } from './commands/read/frontier.ts'
import { addLog } from './commands/read/log.ts'
import { addReviews } from './commands/read/reviews.ts'
import { addSearch } from './commands/read/search.ts'
import { addShow } from './commands/read/show.ts'
import { addThread, addThreads } from './commands/read/thread.ts'
import { addTree } from './commands/read/tree.ts'
import { addCheckout } from './commands/work/checkout.ts'
import { addContribute } from './commands/work/contribute.ts'
import { addFetch } from './commands/work/fetch.ts'
import { addAdopt, addDiscuss, addReview } from './commands/work/say.ts'
import { type Context, examples } from './context.ts'
import { wrapText } from './output/width.ts'

const groups: readonly [
  heading: string,
  commands: readonly ((program: Command, context: Context) => void)[],
][] = [
  ['Groves:', [addInit, addServe, addStatus, addIdentity, addToken, addMcp, addCompletions]],
  [
    'Work:',
    [
      addContribute,
      addReview,
      addAdopt,
      addDiscuss,
      addShow,
      addFiles,
      addLog,
      addSearch,
      addFrontier,
      addTree,
      addReviews,
      addThread,
      addThreads,
      addDiff,
      addAttest,
      addCheckout,
    ],
  ],
  ['Federation:', [addInvite, addJoin, addLeave, addFetch, addPeers, addSync, addEvents]],
]

const WHICH_GROVE = `
Which grove: --server or --dir; else GROVE_URL or GROVE_DIR; else a .grove
directory here or above that you made, named or took over (grove init); else
http://127.0.0.1:4515. A grove on another machine wants a token: GROVE_TOKEN, or
"token" in grove.json. Several processes may use one directory: the first opens
it, the others ask the first.

Exit codes: 0 done, 1 a fault of grove, 2 bad input, 3 absent, 4 refused,
5 the fault of a peer or an author, or a fetch that is not complete,
6 unavailable or too slow, 7 storage, 8 conflict,
129, 130 and 143 interrupted (SIGHUP, SIGINT, SIGTERM).`

/** Columns that a description keeps beside its option; with less it goes below. */
const HELP_MIN = 24
const HELP_INDENT = '      '

/** An option, argument or command of a help, and what it is. */
function helpItem(this: Help, term: string, termWidth: number, description: string): string {
  const width = this.helpWidth ?? 80
  const room = width - termWidth - 4
  if (description === '') return `  ${term}`
  const isBeside = room >= HELP_MIN
  const lines = wrapText(description, isBeside ? room : width - HELP_INDENT.length)
  if (!isBeside) return [`  ${term}`, ...lines.map((line) => HELP_INDENT + line)].join('\n')
  const gap = ' '.repeat(termWidth + 4)
  return `  ${term.padEnd(termWidth + 2)}${lines.join(`\n${gap}`)}`
}

/** The command line: its commands, options and help. Throws errors instead of handling them. */
export function createProgram(context: Context): Command {
  const program = new Command('grove')
    .description(
      'Keeps a graph of immutable agent work and shares the best of it with other groves',
    )
    .version(VERSION)
    .option('--server <url>', 'ask the grove that is served at this address')
    .option('--dir <dir>', 'open the grove in this directory')
    .option('--json', 'answer in JSON, as the HTTP API does')
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: HELP_MIN, formatItem: helpItem })
    .configureOutput({
      writeOut: (text) => context.output.answer.write(text),
      writeErr: (text) => context.output.notes.write(text),
      outputError: () => {},
      getOutHelpWidth: () =>
        context.output.answer.isTTY ? (context.output.answer.columns ?? 100) : 120,
      getOutHasColors: () => context.output.answer.isTTY === true,
    })
    .exitOverride()
    .addHelpText('after', WHICH_GROVE)
    .addHelpText(
      'after',
      examples([
        'grove serve &',
        'grove contribute train.py --summary "baseline" --score val_bpb=0.97:minimize',
        'grove frontier',
        'grove checkout --frontier val_bpb --to work',
      ]),
    )
  for (const [heading, commands] of groups) {
    program.commandsGroup(heading)
    for (const add of commands) add(program, context)
  }
  return program
}

import type { Command } from 'commander'
import { GroveError } from '../../../core/errors.ts'
import { REVIEW_SCORE_MAX } from '../../../core/limits.ts'
import { type Context, examples, withGrove } from '../../context.ts'
import {
  type AgentOptions,
  addAgent,
  insistOption,
  type OpenScore,
  readJsonObject,
  readReviewScore,
  tagOption,
} from '../../options.ts'
import { type ContributeOptions, contribute } from './contribute.ts'
import { addFileRules } from './gather.ts'

/** The short forms of `grove contribute` for what is said about the work of others. */

type SaidOptions = AgentOptions & Partial<Omit<ContributeOptions, 'mode'>>

/** `grove review`: reviews a contribution. */
export function addReview(program: Command, context: Context): void {
  const command = program
    .command('review')
    .description('Review a contribution: publish what you think of it, with scores')
    .argument('<cid>', 'what is reviewed: content id, or its first hex digits')
    .argument('[paths...]', 'files and directories to publish with the review')
    .requiredOption('-s, --summary <text>', 'what you think of it, in one line')
    .option(
      '--score <name=value[:direction[:unit]]>',
      `a score from -${REVIEW_SCORE_MAX} to ${REVIEW_SCORE_MAX}; higher is better unless it says ` +
        'minimize (may be repeated)',
      readReviewScore,
    )
    .addOption(insistOption())
  addFileRules(command)
  addSaid(command)
    .addHelpText(
      'after',
      examples([
        'grove review 24c41ac12fbc --summary "sound, and well tested" --score quality=0.9',
        'grove review 24c41ac12fbc notes.md --summary "leaks the test set" --score quality=0.1',
      ]),
    )
    .action(
      (
        cid: string,
        paths: string[],
        options: SaidOptions & { summary: string; score?: [string, OpenScore][] },
        self: Command,
      ) =>
        withGrove(context, self, (session) =>
          contribute(session, paths, { ...options, mode: 'evaluation', reviews: [cid] }),
        ),
    )
}

/** `grove adopt`: says that a contribution is used. */
export function addAdopt(program: Command, context: Context): void {
  const command = program
    .command('adopt')
    .description('Adopt a contribution: tell others that you build on it or use it')
    .argument('<cid>', 'what is adopted: content id, or its first hex digits')
    .option('-s, --summary <text>', 'what for, in one line', 'adopted')
  addSaid(command)
    .addHelpText('after', examples(['grove adopt 24c41ac12fbc --summary "our new baseline"']))
    .action((cid: string, options: SaidOptions & { summary: string }, self: Command) =>
      withGrove(context, self, (session) =>
        contribute(session, [], { ...options, mode: 'evaluation', adopts: [cid] }),
      ),
    )
}

/** `grove discuss`: begins a discussion, or answers in one. */
export function addDiscuss(program: Command, context: Context): void {
  const command = program
    .command('discuss')
    .description('Answer a contribution, or with a message alone begin a discussion')
    .argument('<cid or message>', 'what is answered; without a second argument, the message')
    .argument('[message]', 'the answer, in one line')
  addSaid(command)
    .addHelpText(
      'after',
      examples([
        'grove discuss "Which tokenizer should we settle on?" --tag lm',
        'grove discuss 24c41ac12fbc "Which seed was it?"',
      ]),
    )
    .action((first: string, message: string | undefined, options: SaidOptions, self: Command) => {
      if (message === undefined && isCidLike(first)) throw messageMissing(first)
      if ((message ?? first).trim() === '') throw emptyMessage()
      const said =
        message === undefined
          ? { summary: first, kind: 'discussion' as const }
          : { summary: message, respondsTo: [first] }
      return withGrove(context, self, (session) =>
        contribute(session, [], { ...options, mode: 'evaluation', ...said }),
      )
    })
}

/** Whether a text is meant as a content id. What is published by mistake can't be taken back. */
const isCidLike = (text: string): boolean => /^(?:blake3:\w*|[0-9a-f]{8,64})$/i.test(text.trim())

function messageMissing(cid: string): GroveError {
  const message = `what is the answer to ${cid}? Its text is missing`
  return new GroveError('usage-error', {}, { message })
}

function emptyMessage(): GroveError {
  return new GroveError('usage-error', {}, { message: 'the message is empty: say something' })
}

function addSaid(command: Command): Command {
  command
    .option('--description <text>', 'more about it, of any length')
    .addOption(tagOption('a tag (may be repeated)'))
    .option('--context <json>', 'its circumstances, as a JSON object', readJsonObject)
  addAgent(command)
  return command
}

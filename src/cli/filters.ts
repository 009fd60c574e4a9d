import { type Command, Option } from 'commander'
import type { JsonObject } from '../core/canonical.ts'
import { type Kind, kindSchema, type Mode, modeSchema } from '../core/contribution/schema.ts'
import type { Filter } from '../core/wire/frontier.ts'
import { readJsonObject, tagOption } from './options.ts'

/** Filter options, the same for every command that lists contributions. */
export interface FilterOptions {
  readonly kind?: Kind
  readonly mode?: Mode
  readonly tag?: string[]
  readonly agentId?: string
  readonly agentName?: string
  readonly platform?: string
  readonly context?: JsonObject
}

/** Adds the filter options. */
export function addFilters(command: Command): Command {
  return command
    .addOption(new Option('--kind <kind>', 'only this kind').choices(kindSchema.options))
    .addOption(new Option('--mode <mode>', 'only this mode').choices(modeSchema.options))
    .addOption(tagOption('only with this tag (if repeated: with all of them)'))
    .option('--agent-id <id>', 'only by the agent with this id')
    .option('--agent-name <name>', 'only by agents with this name')
    .option('--platform <platform>', 'only from this platform')
    .option(
      '--context <json>',
      'only where the context has these keys with these values',
      readJsonObject,
    )
}

/** The filter of the options. */
export function filterFrom({
  kind,
  mode,
  tag: tags,
  agentId,
  agentName,
  platform,
  context,
}: FilterOptions): Filter {
  const filter = { kind, mode, tags, agentId, agentName, platform, context }
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}

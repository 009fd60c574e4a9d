import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cid } from '../../src/core/cid.ts'
import type { Draft } from '../../src/core/contribution/schema.ts'
import type { Filter } from '../../src/core/wire/frontier.ts'

interface Answered {
  readonly cid: Cid
  readonly value: number
  readonly createdAt: string
}

/** A recorded request with its path parsed, and its answer. */
export interface Question {
  readonly path: string
  readonly route: 'frontier' | 'dag' | 'threads' | 'search' | 'contributions'
  /** The segments of the path after the route. */
  readonly rest: readonly string[]
  readonly query: URLSearchParams
  readonly body: unknown
}

export interface Scenario {
  readonly posts: readonly { readonly body: Draft; readonly cid: Cid }[]
  readonly questions: readonly Question[]
}

interface Recorded {
  readonly posts: Scenario['posts']
  readonly answers: readonly { readonly path: string; readonly body: unknown }[]
}

/** The recorded conversation of spec/vectors/scenario.json. */
export function readScenario(): Scenario {
  const file = join(import.meta.dirname, '../../spec/vectors/scenario.json')
  const { posts, answers } = JSON.parse(readFileSync(file, 'utf8')) as Recorded
  return { posts, questions: answers.map(questionOf) }
}

function questionOf({ path, body }: Recorded['answers'][number]): Question {
  const url = new URL(path, 'http://grove')
  const [route, ...rest] = url.pathname.split('/').slice(2)
  return { path, route: route as Question['route'], rest, query: url.searchParams, body }
}

/** The filter in a recorded query. */
export function filterOf(query: URLSearchParams): Filter {
  const { tags, context, ...rest } = Object.fromEntries(query)
  const { kind, mode, agentId, agentName, platform } = rest as Partial<Filter>
  const given = {
    kind,
    mode,
    agentId,
    agentName,
    platform,
    tags: tags?.split(','),
    context: context && JSON.parse(context),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** An answer as a list of rows. */
export const rowsOf = (body: unknown): readonly Answered[] => body as readonly Answered[]

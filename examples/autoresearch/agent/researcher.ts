import type { RandomNumber, Taste } from '../mutate.ts'
import type { Draft, GroveApi } from './grove-api.ts'

/** How an agent checks others' work. */
export type Habit = 'review' | 'reproduce'

/** An agent. It knows one grove, its own. */
export interface Researcher {
  /** `name@grove`. */
  readonly id: string
  readonly taste: Taste
  readonly habit: Habit
  readonly grove: GroveApi
  readonly random: RandomNumber
  /** The directory in which it checks work out. */
  readonly dir: string
}

/** A published figure. */
export interface Figure {
  readonly cid: string
  readonly agent: string
  readonly value: number
}

/** What an agent did: one line of JSON on its stdout. */
export type Action = { readonly by: string; readonly cid: string } & (
  | {
      readonly type: 'trial'
      readonly from: Figure
      readonly change: string
      readonly value: number
    }
  | {
      readonly type: 'review'
      readonly of: Figure
      readonly quality: number
      readonly faults: readonly string[]
    }
  | { readonly type: 'reproduction'; readonly of: Figure; readonly value: number }
)

/** The grove in an agent's id. */
export function groveOf(agentId: string): string {
  return agentId.slice(agentId.indexOf('@') + 1)
}

/** How an agent signs a manifest. */
export function signature({ id, taste }: Pick<Researcher, 'id' | 'taste'>): Draft['agent'] {
  const name = id.slice(0, id.indexOf('@'))
  return {
    agentId: id,
    agentName: `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
    role: `tries ${taste}`,
  }
}

import { errorTable, type GroveError, isErrorCode } from '../../core/errors.ts'
import type { BroughtItem } from '../../core/wire/federation.ts'
import type { FetchResult } from '../../core/wire/fetch.ts'

/** For how many seconds an item rests whose providers are busy, where they don't say it. */
const PAUSE_DEFAULT_S = 5

/** Whether it says that a peer, or the rest of what it had begun to send, was out of reach. */
export const isUnreached = (code: string): boolean =>
  isErrorCode(code) && errorTable[code].blame === 'network'

/** How long a peer that is too busy wants to be left alone. */
export const pauseMsOf = ({ details }: GroveError): number =>
  (Number(details['retryAfter']) || PAUSE_DEFAULT_S) * 1_000

/** For a report, where an address is known. */
export function addressIn(address: string | undefined): { address?: string } {
  return address === undefined ? {} : { address }
}

/** What a fetch brought, for people. */
export function broughtBy({ contribution, artifacts, source }: FetchResult): BroughtItem {
  const { cid, kind, agent, summary } = contribution
  // What was too large to come unasked is none of what came.
  const came = artifacts.filter(({ state }) => state === 'here' || state === 'fetched')
  const sizeBytes = came.reduce((sum, artifact) => sum + Math.max(0, artifact.sizeBytes), 0)
  return { cid, kind, agentId: agent.agentId, summary, sizeBytes, ...addressIn(source.address) }
}

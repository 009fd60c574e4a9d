import { type Cid, isCid } from '../../core/cid.ts'
import type { ErrorCode, ErrorDetails, GroveError } from '../../core/errors.ts'
import type { MissingItem } from '../../core/wire/fetch.ts'

/** What can be done about errors, in the words of those who get them. */
export interface Remedies {
  readonly byCode: Readonly<Partial<Record<ErrorCode, string>>>
  /** How other groves are asked for a contribution. */
  readonly fetch: (cid: Cid) => string
  /** How all files of a contribution are listed. */
  readonly files: (cid: Cid) => string
}

/** An error in one line: what happened, and what to do next. */
export function explain(error: GroveError, remedies: Remedies): string {
  return [error.message, candidates(error) ?? remedyFor(error, remedies)]
    .filter((part) => part !== undefined)
    .join('; ')
}

function remedyFor({ code, details }: GroveError, { byCode, fetch, files }: Remedies) {
  if (code === 'not-found' && isCid(details.cid) && details.paths !== undefined)
    return files(details.cid)
  if (code === 'fetch-incomplete' && isForWantOfPeers(details)) return byCode['peer-unreachable']
  if (code === 'not-found' && isCid(details.cid) && !isAboutPart(details)) return fetch(details.cid)
  return byCode[code]
}

/** Whether all that is missing may be had once peers answer. */
function isForWantOfPeers({ missing }: ErrorDetails): boolean {
  if (!Array.isArray(missing)) return false
  return (missing as MissingItem[]).every(({ reason }) => reason === 'peer-unreachable')
}

/** Whether what was not found is a part of a contribution that is here. */
function isAboutPart(details: ErrorDetails): boolean {
  return ['name', 'path', 'paths', 'kind'].some((member) => details[member] !== undefined)
}

function candidates({ code, details }: GroveError): string | undefined {
  if (code !== 'cid-ambiguous' || !Array.isArray(details.candidates)) return undefined
  return `it may be ${details.candidates
    .filter(isCid)
    .map((cid) => cid.slice('blake3:'.length, 'blake3:'.length + 16))
    .join(', ')}`
}

import { type Cid, isCid } from '../../core/cid.ts'
import { errnoOf } from '../../core/errno.ts'
import type { ErrorCode, ErrorDetails, GroveError } from '../../core/errors.ts'
import { tlsTrouble } from '../../core/peers/tls-trouble.ts'
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
  return code === 'read-only' ? rightsFor(details, byCode[code]) : byCode[code]
}

/** A file says by itself that it is no directory to be chosen, and may be one that is only read. */
function rightsFor({ path, files, errno }: ErrorDetails, otherwise: string | undefined) {
  if (files !== undefined) return undefined
  const isOfFile = typeof path === 'string' && (errno === 'EACCES' || errno === 'EPERM')
  return isOfFile ? 'let this user read and write it, and its directory' : otherwise
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

/** That no grove answers at an address, why, and what helps. */
export function noAnswer(url: string, cause: unknown): string {
  const nobody = `no grove answers at ${url}`
  const trouble = tlsTrouble(cause)
  if (trouble !== undefined) return `${nobody}: ${trouble}`
  const errno = errnoOf(cause)
  const hasHungUp = ['UND_ERR_SOCKET', 'ECONNRESET'].includes(errno)
  return hasHungUp && url.startsWith('http:')
    ? `${nobody}, and what does has hung up (${errno}): if it speaks https, write https://`
    : `${nobody} (${errno}): start one with \`grove serve\`, or name another with --server`
}

import { isCid } from '../../core/cid.ts'
import type { ErrorCode, ErrorDetails, GroveError } from '../../core/errors.ts'

/** What a person can do about an error. */
export const hints: Partial<Record<ErrorCode, string>> = {
  'relation-target-missing': 'fetch it with --peer first, or check the id',
  absent: 'name a grove that holds it with `grove fetch --peer URL`',
  'address-refused': '`grove serve --allow-private-peers` allows such addresses',
  'read-only': 'choose a writable directory, or change its permissions',
  'storage-full': 'free some space and try again',
  'storage-newer': 'install a newer grove, or choose another directory with --dir',
  'fetch-timeout': 'give it longer with --timeout; a grove that is served keeps what has arrived',
  'fetch-incomplete': 'try again: a grove that is served goes on from what has arrived',
  'peer-unreachable': '`grove peers` shows which groves answer',
  'metric-conflict': 'if it is meant so, publish it with --insist',
  busy: 'try again in a moment',
  'shutting-down': 'try again when it is up',
}

/** An error in one line: what happened, and what to do next. */
export function explain(error: GroveError): string {
  return [error.message, candidates(error) ?? hintFor(error)]
    .filter((part) => part !== undefined)
    .join('; ')
}

function hintFor({ code, details }: GroveError): string | undefined {
  if (code === 'not-found' && isCid(details.cid) && !isAboutPart(details))
    return `\`grove fetch ${details.cid}\` asks other groves for it`
  return hints[code]
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

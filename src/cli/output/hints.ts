import { explain as explainBy, type Remedies } from '../../api/client/explain.ts'
import { shortCid } from '../../core/cid.ts'
import type { ErrorCode, GroveError } from '../../core/errors.ts'
import { plural, printable, short } from './format.ts'

/** What a person can do about an error. */
const hints: Partial<Record<ErrorCode, string>> = {
  'relation-target-missing': 'fetch it with --peer first, or check the id',
  absent: 'name a grove that holds it with `grove fetch --peer URL`',
  'address-refused': '`grove serve --allow-private-peers` allows such addresses',
  'read-only': 'choose a writable directory, or change its permissions',
  'storage-full': 'free some space and try again',
  'storage-newer': 'install a newer grove, or choose another directory with --dir',
  'fetch-timeout': 'give it longer with --timeout; a grove that is served keeps what has arrived',
  'fetch-incomplete': 'try again: a grove that is served goes on from what has arrived',
  'peer-unreachable': '`grove peers` shows which groves answer',
  'directory-not-empty': 'name another directory, or replace files in it with --overwrite',
  'metric-conflict': 'if it is meant so, publish it with --insist',
  busy: 'try again in a moment',
  'shutting-down': 'try again when it is up',
}

const remedies: Remedies = {
  byCode: hints,
  fetch: (cid) => `\`grove fetch ${cid}\` asks other groves for it`,
  files: (cid) => `\`grove files ${shortCid(cid)}\` lists them`,
}

/** An error in one line: what happened, and what to do next. */
export const explain = (error: GroveError): string => explainBy(error, remedies)

/** What went wrong with a peer, as tables show it; with a remedy where only its user has one. */
export function failureText({
  code,
  message,
}: {
  readonly code: string
  readonly message: string
}) {
  const told = code === 'address-refused' ? `; ${hints[code]}` : ''
  return printable(`${code}: ${message}${told}`)
}

interface RefusedItem {
  readonly cid: string
  readonly reason: string
}

/** Items of one reason that are named. */
const NAMED_MAX = 5

/**
 * What background sync does not fetch, a line a reason: `2 items: too-large: 24c41ac12fbc, …`. The
 * items are named as far as the server says which. Pure.
 */
export function refusedLines(
  counts: Readonly<Record<string, number>>,
  refusals: readonly RefusedItem[],
): string[] {
  return Object.entries(counts).map(([reason, count]) => {
    const known = refusals.filter((each) => each.reason === reason)
    const named = known.slice(0, NAMED_MAX).map(({ cid }) => short(cid))
    const more = named.length < count ? ', …' : ''
    const which = named.length === 0 ? '' : `: ${named.join(', ')}${more}`
    const what = `${plural(count, 'item')}, ${printable(reason)}${which}`
    return `${what}; \`grove fetch\` brings them one by one`
  })
}

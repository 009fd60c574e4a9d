import { isJsonObject } from '../canonical.ts'

/**
 * Federation 1 had other names for three fields of the digest note: `print`, `news` and `wants`.
 * Until 0.3 they are read, and written to peers that aren't known to speak a later version.
 */

/** A digest note of federation 1 in today's names. Any other value is returned as it is. */
export function fromFederation1(note: unknown): unknown {
  if (!isJsonObject(note) || !('print' in note)) return note
  const { print, news, wants, ...rest } = note
  return {
    ...rest,
    fingerprint: print,
    ...(news !== undefined && { ihave: news }),
    ...(wants !== undefined && { iwant: wants }),
  }
}

interface WithNote {
  readonly digest?:
    | { readonly fingerprint: string; readonly ihave?: unknown; readonly iwant?: unknown }
    | undefined
}

/**
 * The message in the names that a peer with this `capabilities.federation` reads. Undefined if that
 * is not known; the peer then gets the names of federation 1.
 */
export function messageFor<M extends WithNote>(federation: unknown, message: M): M {
  if (message.digest === undefined || Number(federation) > 1) return message
  const { fingerprint, ihave, iwant, ...rest } = message.digest
  const digest = {
    ...rest,
    print: fingerprint,
    ...(ihave !== undefined && { news: ihave }),
    ...(iwant !== undefined && { wants: iwant }),
  }
  return { ...message, digest: digest as unknown as M['digest'] }
}

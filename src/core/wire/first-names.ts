import { isJsonObject } from '../canonical.ts'

/**
 * Federation 1 used other names for three fields of a message's `digest`: `print`, `news` and `wants`. Until 0.3 they are
 * read, and written to peers that are not known to speak a later version.
 */

/** The note by today's names; anything but a note of federation 1 is returned as it is. */
export function readFirstNames(note: unknown): unknown {
  if (!isJsonObject(note) || !('print' in note)) return note
  const { print, news, wants, ...rest } = note
  return {
    ...rest,
    fingerprint: print,
    ...(news !== undefined && { ihave: news }),
    ...(wants !== undefined && { iwant: wants }),
  }
}

interface Noted {
  readonly digest?:
    | { readonly fingerprint: string; readonly ihave?: unknown; readonly iwant?: unknown }
    | undefined
}

/** The message as a peer of this `capabilities.federation` reads it (undefined where it is not known). */
export function messageFor<M extends Noted>(federation: unknown, message: M): M {
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

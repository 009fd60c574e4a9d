import { type ErrorCode, errorTable } from '../../src/core/errors.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'

/**
 * The wrong blame in a line of a grove's log; undefined if there is none. A line must not blame an
 * honest peer for a lie. It may blame what answers at another address under that peer's name.
 */
export function wrongBlame(
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
  honest: readonly PeerAddress[],
): string | undefined {
  const { peerId, address, reason } = fields
  const peer = honest.find((each) => each.peerId === peerId && each.address === address)
  if (peer === undefined) return undefined
  const isLie =
    twinIn(message, fields) === undefined &&
    (message === 'advertisement contradicted' ||
      (message === 'peer fault' && !mayBeNetwork(fields)))
  return isLie ? `${peer.peerId} is blamed for what it did not do: ${reason}` : undefined
}

/** The address at which a line of a grove's log says that another grove has its key. */
export function twinIn(
  message: string,
  { address, reason }: Readonly<Record<string, unknown>>,
): string | undefined {
  const isTold = message === 'peer fault' && /has the id of this one/.test(String(reason))
  return isTold ? String(address) : undefined
}

/**
 * Whether the network may have caused a fault: it can delay a body or cut it off, but not forge it.
 */
function mayBeNetwork({ code, fault }: Readonly<Record<string, unknown>>): boolean {
  const { blame } = errorTable[code as ErrorCode]
  return blame !== 'peer' || code === 'peer-too-slow' || fault === 'cut-off'
}

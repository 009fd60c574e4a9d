import type { PeerAddress } from '../../src/core/peers/peer.ts'

/** Faults that are a liar's alone. That a body was cut off, late or never came may be the network's doing. */
const LIES = new Set([
  'fetch-bad-bytes',
  'manifest-invalid',
  'manifest-unknown-field',
  'manifest-not-canonical',
  'manifest-too-large',
])

/**
 * What a grove wrote into its log, if by it an honest peer is called a liar: nobody's lie may be laid at another's door. What
 * was done at another address than the honest one's own is not laid at its door: whoever answers there may take its name.
 */
export function wrongBlame(
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
  honest: readonly PeerAddress[],
): string | undefined {
  const peer = honest.find(({ peerId }) => peerId === fields['peerId'])
  if (peer === undefined) return undefined
  const reason = String(fields['reason'] ?? '')
  const isAdvertisement =
    message === 'advertisement contradicted' && reason.startsWith(`${peer.address} `)
  const isFault =
    message === 'peer fault' && fields['address'] === peer.address && isLie(fields, reason)
  return isAdvertisement || isFault
    ? `${peer.peerId} is blamed for what it did not do: ${reason}`
    : undefined
}

function isLie({ code }: Readonly<Record<string, unknown>>, reason: string): boolean {
  return (
    LIES.has(String(code)) ||
    (code === 'peer-fault' &&
      /nothing to do with|too long|too many|malformed|something else/.test(reason))
  )
}

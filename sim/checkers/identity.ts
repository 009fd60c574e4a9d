import { isKeyId } from '../../src/core/identity/ed25519.ts'
import { saidBy } from '../../src/core/identity/origin.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { GroveNode } from '../../src/node/node.ts'
import type { Keys } from '../engine/keys.ts'
import type { Unwanted } from '../run/ledger.ts'
import { storedIn } from './stored.ts'
import type { Holder } from './union.ts'

/** Origins that a grove keeps and whose key has not signed them. */
export async function wrongOrigins({ name, disk }: Holder, keys: Keys): Promise<string[]> {
  const found: string[] = []
  const cids = (await storedIn(disk.graph)).map(({ cid }) => cid)
  for (const [cid, origins] of await disk.graph.origins.of(cids))
    for (const origin of origins) {
      const said = saidBy(cid, origin)
      const key = keys.verifying(origin.peerId)
      const holds = said && (await key?.verifyInPool({ ...said, signature: origin.signature }))
      if (holds !== true)
        found.push(`${name} keeps an origin of ${cid} that ${origin.peerId} never signed`)
    }
  return found
}

/** What a grove has published here and has no origin of its own for, or not that alone first. */
export async function unsignedWork({ name, key, former = [], disk }: Holder): Promise<string[]> {
  if (key === undefined) return []
  const keys = [key.peerId, ...former]
  const own = (await storedIn(disk.graph)).filter(({ provenance }) => provenance.origin !== 'peer')
  const cids = own.map(({ cid }) => cid)
  const kept = new Map(await disk.graph.origins.of(cids))
  return cids
    .filter((cid) => kept.get(cid)?.some(({ peerId }) => keys.includes(peerId)) !== true)
    .map((cid) => `${name} has published ${cid}, and no longer has its own origin of it`)
}

/** Who sent a grove a wrong origin with what it then stored, and isn't on record for it. */
export async function unrecorded(
  machine: Holder & { faultsOf(address: string): ReadonlySet<string> },
  wrongOrigins: ReadonlySet<string>,
): Promise<string[]> {
  const stored = await storedIn(machine.disk.graph)
  return stored.flatMap(({ cid, provenance: { address = '' } }) =>
    !wrongOrigins.has(`${address} ${cid}`) || machine.faultsOf(address).has('wrong-origin')
      ? []
      : [`${machine.name} has ${cid} by ${address}, and has not noted its wrong origin`],
  )
}

/** What a grove has of somebody that it did not admit. */
export async function intrusions(
  { name, disk }: Holder,
  gossip: GroveNode['gossip'] | undefined,
  { addresses, cids }: Unwanted,
): Promise<string[]> {
  const absent = new Set(await disk.graph.missing([...cids]))
  const stored = [...cids].filter((cid) => !absent.has(cid))
  const heard = gossip?.peers().filter(({ address }) => addresses.has(address)) ?? []
  return [
    ...stored.map((cid) => `${name} holds ${cid} of somebody that it did not admit`),
    ...heard.map(({ address }) => `${name} has heard ${address}, which it did not admit`),
  ]
}

/** Peers that a grove knows under the key of an honest grove at another address than those it has. */
export function misplacedKeys(
  { config, gossip }: Pick<GroveNode, 'config' | 'gossip'>,
  honest: readonly PeerAddress[],
): string[] {
  const placesOf = Map.groupBy(honest, ({ peerId }) => peerId)
  const isPlaced = ({ peerId, address }: PeerAddress) =>
    placesOf.get(peerId)?.some((place) => place.address === address) ?? true
  return gossip
    .peers()
    .filter(({ peerId, active }) => active && isKeyId(peerId))
    .filter((peer) => !isPlaced(peer))
    .map(({ peerId, address }) => `${config.self.peerId} knows ${address} as ${peerId}`)
}

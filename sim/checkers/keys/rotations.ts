import type { Rotation } from '../../../src/core/identity/rotation.ts'
import type { GroveNode } from '../../../src/node/node.ts'

/** What the checker needs of a machine. */
interface Judging {
  readonly name: string
  readonly node: Pick<GroveNode, 'gossip' | 'access'> | undefined
}

/** Where groves, which trust each other, don't make of a changed key what they made of the first. */
export function unpassed(
  machines: readonly Judging[],
  rotations: readonly Pick<Rotation, 'from' | 'to'>[],
): string[] {
  const next = new Map<string, string>(rotations.map(({ from, to }) => [from, to]))
  const presentOf = (key: string): string => {
    const later = next.get(key)
    return later === undefined ? key : presentOf(later)
  }
  return machines.flatMap(({ name, node }) =>
    node === undefined
      ? []
      : rotations.flatMap(({ from }) =>
          amissWith(node, from, presentOf(from)).map((what) => `${name} ${what}`),
        ),
  )
}

function amissWith(
  { gossip, access }: Pick<GroveNode, 'gossip' | 'access'>,
  from: string,
  present: string,
): string[] {
  const { rotations, keys } = access
  const found: string[] = []
  if (rotations.presentOf(from) !== present || !keys.isRetired(from))
    found.push(`does not know that ${from} has become ${present}`)
  if (!['own', 'trusted'].includes(keys.of(present) ?? ''))
    found.push(`makes nothing of ${present}, and has trusted ${from}`)
  if (gossip.peers().some(({ active, peerId }) => active && peerId === from))
    found.push(`has an active peer by ${from}, which was given up`)
  return found
}

import type { GroveNode } from '../../src/node/node.ts'

/** What the checker needs of a machine. */
interface Joined {
  readonly name: string
  readonly peer: { readonly peerId: string }
  readonly node: Pick<GroveNode, 'access' | 'hubs'> | undefined
}

/** Keys that a grove has as members of its own though nobody gave them a good invite. */
export function uninvited(machines: readonly Joined[], invited: ReadonlySet<string>): string[] {
  return machines.flatMap(({ name, node }) =>
    (node?.access.roster.joined() ?? [])
      .filter(({ peerId }) => !invited.has(peerId))
      .map(({ peerId }) => `${name} has ${peerId} as a member, which it did not invite`),
  )
}

/** Groves that have not joined the first one in the end, or have another list than it keeps. */
export function listsAmiss([hub, ...joiners]: readonly Joined[]): string[] {
  const { name = '', peer, node } = hub ?? {}
  const kept = new Set([
    peer?.peerId,
    ...(node?.access.roster.joined() ?? []).map((one) => one.peerId),
  ])
  return joiners.flatMap((joiner) => {
    const followed = joiner.node?.hubs.list().find(({ peerId }) => peerId === peer?.peerId)
    if (followed?.isMember !== true || !kept.has(joiner.peer.peerId))
      return [`${joiner.name} is no member of ${name}`]
    const difference = new Set<string | undefined>(followed.members).symmetricDifference(kept)
    return difference.size === 0
      ? []
      : [`${joiner.name} has another list of members than ${name}: ${[...difference].join(' ')}`]
  })
}

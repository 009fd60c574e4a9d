import type { Policy } from '../../../src/core/policy.ts'
import { wanted } from '../agreement.ts'
import { type Holder, unionOf } from '../union.ts'

/** What the checkers need of a machine. */
interface Keyed {
  readonly name: string
  readonly peer: { readonly peerId: string; readonly address: string }
  /** The addresses of groves with its key that it has warned of. */
  readonly twins: ReadonlySet<string>
}

/** Groves whose key another has too, and that have not warned of that one. */
export function unwarned(machines: readonly Keyed[]): string[] {
  return machines.flatMap(({ name, peer, twins }) =>
    machines
      .filter((other) => other.peer.peerId === peer.peerId && other.name !== name)
      .filter((other) => !twins.has(other.peer.address))
      .map((other) => `${name} has not warned that ${other.name} has its key`),
  )
}

/**
 * What these groves lack of what others hold and is among the best, with the own work of such a
 * grove, of which the others need not have heard.
 */
export async function behind(
  holders: readonly Holder[],
  others: readonly Holder[],
  policy: Policy,
): Promise<string[]> {
  const found: string[] = []
  if (holders.length === 0) return found
  const { contributions } = await unionOf(others)
  for (const holder of holders) {
    const due = (await wanted([...others, holder], policy)).get(holder.name) ?? new Map()
    const lacking = await holder.disk.graph.missing([...due.keys()])
    const known = lacking.filter((cid) => contributions.has(cid))
    found.push(...known.map((cid) => `${holder.name} lacks ${cid}, which the others hold`))
  }
  return found
}

import type { Policy } from '../../src/core/policy.ts'
import { wanted } from './agreement.ts'
import type { Holder } from './union.ts'

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

/** What these groves lack of what others, which count alike, agree to be best. */
export async function behind(
  holders: readonly Holder[],
  others: readonly Holder[],
  policy: Policy,
): Promise<string[]> {
  const [due = new Map()] = (await wanted(others, policy)).values()
  const found: string[] = []
  for (const { name, disk } of holders) {
    const lacking = await disk.graph.missing([...due.keys()])
    found.push(...lacking.map((cid) => `${name} lacks ${cid}, which the others hold`))
  }
  return found
}

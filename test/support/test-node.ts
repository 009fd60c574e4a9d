import type { Contribution } from '../../src/core/contribution/contribution.ts'
import { enforceInvariants } from '../../src/core/invariant.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { NodeConfig } from '../../src/node/config.ts'
import { GroveNode } from '../../src/node/node.ts'
import { silentLog } from '../../src/ports/log.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { seeded } from '../../src/runtime/random.ts'
import { secretHex } from '../../src/runtime/secret.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { httpTransport } from '../../src/transport/client.ts'

enforceInvariants()

export interface TestNode extends AsyncDisposable {
  readonly node: GroveNode
}

/** The configuration of a grove that does nothing by itself for a minute. */
export const quietConfig = (
  seeds: readonly PeerAddress[],
  config: Partial<NodeConfig>,
): NodeConfig => ({
  self: { peerId: 'self', address: 'http://self.invalid' },
  reachable: false,
  seeds,
  gossipIntervalMs: 60_000,
  syncIntervalMs: 60_000,
  policy: defaultPolicy,
  fetchTimeoutMs: 10_000,
  ...config,
})

/**
 * A grove on memory stores that uses real sockets, and is impatient with slow peers. It gossips
 * only after it is started.
 */
export function testNode(
  seeds: readonly PeerAddress[] = [],
  config: Partial<NodeConfig> = {},
): TestNode {
  const transport = httpTransport({
    allowPrivate: true,
    clock: systemClock,
    connectTimeoutMs: 1_000,
    headersTimeoutMs: 600,
    idleTimeoutMs: 600,
    minimumRate: { bytesPerSecond: 50_000, windowMs: 200 },
  })
  const stores = memoryStores(seeded(1))
  const node = new GroveNode(quietConfig(seeds, config), {
    ...stores,
    transport,
    clock: systemClock,
    random: seeded(1),
    log: silentLog,
    secret: secretHex,
  })
  return {
    node,
    async [Symbol.asyncDispose]() {
      await node.close()
      await transport.close()
      await stores.close()
    },
  }
}

/** Puts a contribution into a grove's store as if it had always been there: nobody is told. */
export function hold({ node }: TestNode, contribution: Contribution) {
  return node.contributions.put(contribution, { origin: 'local', receivedAt: node.clock.now() })
}

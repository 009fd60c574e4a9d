import { MachineClock } from '../../sim/engine/clock.ts'
import { Journal } from '../../sim/engine/journal.ts'
import { Process } from '../../sim/engine/process.ts'
import { Rng } from '../../sim/engine/rng.ts'
import { Timeline } from '../../sim/engine/timeline.ts'
import type { HttpAnswer, HttpRequest } from '../../sim/network/http.ts'
import { Network } from '../../sim/network/network.ts'
import { networkSchema } from '../../sim/scenario/conditions.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import type { NodeConfig } from '../../src/node/config.ts'
import { GroveNode } from '../../src/node/node.ts'
import type { NodePorts } from '../../src/node/node-ports.ts'
import { silentLog } from '../../src/ports/log.ts'
import { seeded } from '../../src/runtime/random.ts'
import { secretHex } from '../../src/runtime/secret.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { httpTransport } from '../../src/transport/client.ts'
import { type Holdings, honestRoutes } from './honest-routes.ts'
import { requestLog, type TestPeer } from './peer.ts'
import { quietConfig, type TestNode } from './test-node.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
/** One way, in virtual ms. It is the same for all messages, so that no test depends on another. */
const LATENCY_MS = 5
/** How long `until` waits, in virtual ms. */
const PATIENCE_MS = 60 * 60_000

/** Answers a request instead of the honest routes; undefined leaves it to them. */
export type Misbehave = (
  request: HttpRequest,
) => HttpAnswer | undefined | Promise<HttpAnswer | undefined>

/** The address of a virtual peer. */
export const addressOf = (peerId: string) => `http://${peerId}.test`

/** Configuration and ports that replace the usual ones. */
export interface TestNodeOptions extends Partial<NodeConfig> {
  readonly ports?: Partial<NodePorts>
}

/** Groves and peers of one test file, on a virtual network in virtual time. */
export interface World {
  readonly timeline: Timeline
  /** Everything on the network, in words. */
  readonly journal: Journal
  /** A grove on memory stores. It gossips only after it is started. */
  testNode(seeds?: readonly PeerAddress[], options?: TestNodeOptions): TestNode
  /** A peer that holds the given items. `misbehave` may break any of its routes. */
  startPeer(peerId: string, behaviour: Holdings & { readonly misbehave?: Misbehave }): TestPeer
  /** Waits in virtual time until `probe` returns something. Throws if it never does. */
  until<T>(what: string, probe: Probe<T>): Promise<T>
}

type Found<T> = T | undefined | false
type Probe<T> = () => Found<T> | Promise<Found<T>>

/**
 * Call it once, outside of tests. Time passes by itself, as fast as possible, while anything is
 * due. It stands still between two awaits of a test.
 */
export function virtualWorld(): World {
  const timeline = new FlowingTimeline(START)
  const journal = new Journal(timeline, true)
  const network = new Network({
    timeline,
    journal,
    rng: new Rng(1),
    conditions: networkSchema.parse({ latencyMs: [LATENCY_MS, LATENCY_MS] }),
    watcher: {
      requested() {},
      transferBegun() {},
      transferEnded() {},
      serverFailed(_, error) {
        throw error
      },
    },
  })
  return {
    timeline,
    journal,
    testNode: (seeds = [], options = {}) => startNode({ timeline, network }, seeds, options),
    startPeer: (peerId, behaviour) => startPeer(network, peerId, behaviour),
    until: (what, probe) => until(timeline, what, probe),
  }
}

function startNode(
  { timeline, network }: { timeline: FlowingTimeline; network: Network },
  seeds: readonly PeerAddress[],
  { ports = {}, ...config }: TestNodeOptions,
): TestNode {
  const whole = quietConfig(seeds, config)
  const { self } = whole
  const process = new Process()
  const clock = new MachineClock(timeline).forProcess(() => process.alive)
  const carrier = network.carrierOf({
    name: self.peerId,
    address: self.address,
    honest: true,
    process,
  })
  const transport = httpTransport({ allowPrivate: true, clock, carrier })
  const stores = memoryStores(seeded(1))
  const random = seeded(1)
  const node = new GroveNode(whole, {
    ...stores,
    transport,
    clock,
    random,
    log: silentLog,
    secret: secretHex,
    ...ports,
  })
  return {
    node,
    async [Symbol.asyncDispose]() {
      await node.close()
      process.kill()
      await stores.close()
    },
  }
}

function startPeer(
  network: Network,
  peerId: string,
  { misbehave = () => undefined, ...holdings }: Holdings & { readonly misbehave?: Misbehave },
): TestPeer {
  const routes = honestRoutes(holdings)
  const log = requestLog()
  const address = addressOf(peerId)
  const process = new Process()
  network.attach({
    name: peerId,
    address,
    honest: true,
    process,
    async handle(request) {
      log.requests.push(`${request.method} ${request.path}`)
      return (await misbehave(request)) ?? routes(request)
    },
  })
  return {
    peerId,
    address,
    ...log,
    async [Symbol.asyncDispose]() {
      process.kill()
    },
  }
}

async function until<T>(timeline: FlowingTimeline, what: string, probe: Probe<T>): Promise<T> {
  const deadline = timeline.now + PATIENCE_MS
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (timeline.now > deadline || !(await timeline.nextStep()))
      throw new Error(`it did not come: ${what}`)
  }
}

/** Virtual time that passes by itself while anything is due. */
class FlowingTimeline extends Timeline {
  #isFlowing = false
  #isFed = false
  readonly #watchers: ((went: boolean) => void)[] = []

  override after(delayMs: number, task: () => void): () => void {
    const cancel = super.after(delayMs, task)
    this.#isFed = true
    this.#flow()
    return cancel
  }

  /** Resolves after the next event; false if there is none. */
  nextStep(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#watchers.push(resolve)
    this.#flow()
    return promise
  }

  #flow(): void {
    if (this.#isFlowing) return
    this.#isFlowing = true
    setImmediate(() => void this.#run())
  }

  async #run(): Promise<void> {
    while (this.#isFlowing) {
      this.#isFed = false
      const went = await this.step()
      this.#isFlowing = went || this.#isFed
      for (const watcher of this.#watchers.splice(0)) watcher(this.#isFlowing)
    }
  }
}

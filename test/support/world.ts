import { MachineClock } from '../../sim/engine/clock.ts'
import { Journal } from '../../sim/engine/journal.ts'
import { Process } from '../../sim/engine/process.ts'
import { Rng } from '../../sim/engine/rng.ts'
import { Timeline } from '../../sim/engine/timeline.ts'
import type { HttpAnswer, HttpRequest } from '../../sim/network/http.ts'
import { Network } from '../../sim/network/network.ts'
import { networkSchema } from '../../sim/scenario/conditions.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { NodeConfig } from '../../src/node/context.ts'
import { GroveNode, type NodePorts } from '../../src/node/node.ts'
import { silentLog } from '../../src/ports/log.ts'
import { seeded } from '../../src/runtime/random.ts'
import { memoryStores } from '../../src/stores/memory/open.ts'
import { httpTransport } from '../../src/transport/client.ts'
import type { TestNode } from './context.ts'
import { type Holdings, honestRoutes } from './honest-routes.ts'
import type { TestPeer } from './peer.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
/** One way, in virtual ms. The same for every message, so that no test's luck hangs on another's. */
const LATENCY_MS = 5
/** How long `until` waits, in virtual ms. */
const PATIENCE_MS = 60 * 60_000

/** Answers a request in its own way; undefined leaves it to the honest routes. */
export type Misbehave = (
  request: HttpRequest,
) => HttpAnswer | undefined | Promise<HttpAnswer | undefined>

/** Where a virtual peer listens. */
export const addressOf = (peerId: string) => `http://${peerId}.test`

/** What a test's grove is given in place of what it would have. */
export interface TestNodeOptions extends Partial<NodeConfig> {
  readonly ports?: Partial<NodePorts>
}

/** Groves and peers of one test file, on a network and in a time that only exist there. */
export interface World {
  readonly timeline: Timeline
  /** Everything that goes over the network, in words. */
  readonly journal: Journal
  /** A grove on memory stores. It gossips only if it is told to. */
  testNode(seeds?: readonly PeerAddress[], options?: TestNodeOptions): TestNode
  /** A peer that holds what it is given, with a place to break each of its routes. */
  startPeer(peerId: string, behaviour: Holdings & { readonly misbehave?: Misbehave }): TestPeer
  /** Waits, in virtual time, until `probe` gives something; fails where that never comes. */
  until<T>(what: string, probe: Probe<T>): Promise<T>
}

type Found<T> = T | undefined | false
type Probe<T> = () => Found<T> | Promise<Found<T>>

/**
 * Call it once, outside of tests. Time flows by itself, as fast as it can, whenever something is
 * due; between two awaits of a test it stands still.
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
  const self = { peerId: 'self', address: 'http://self.invalid' }
  const process = new Process()
  const clock = new MachineClock(timeline).forProcess(() => process.alive)
  const wire = network.wireOf({ name: self.peerId, address: self.address, honest: true, process })
  const transport = httpTransport({ allowPrivate: true, clock, wire })
  const stores = memoryStores(seeded(1))
  const whole: NodeConfig = {
    self,
    reachable: false,
    seeds,
    gossipIntervalMs: 60_000,
    syncIntervalMs: 60_000,
    policy: defaultPolicy,
    fetchTimeoutMs: 10_000,
    ...config,
  }
  const random = seeded(1)
  const node = new GroveNode(whole, {
    ...stores,
    transport,
    clock,
    random,
    log: silentLog,
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
  const requests: string[] = []
  const address = addressOf(peerId)
  const process = new Process()
  network.attach({
    name: peerId,
    address,
    honest: true,
    process,
    async handle(request) {
      requests.push(`${request.method} ${request.path}`)
      return (await misbehave(request)) ?? routes(request)
    },
  })
  return {
    peerId,
    address,
    requests,
    asked: (text) => requests.filter((line) => line.includes(text)).length,
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
      throw new Error(`waited in vain for: ${what}`)
  }
}

/** Virtual time that goes on by itself as long as anything is due. */
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

  /** The next thing that happens has happened; false where nothing is left to happen. */
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

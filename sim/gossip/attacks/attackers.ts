import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import { below, sample } from '../../../src/core/random.ts'
import { timestamp } from '../../../src/core/time.ts'
import { type NamedPeer, type PeerInfo, SAMPLE_MAX } from '../../../src/core/wire/gossip.ts'
import type { Effect, Input } from '../../../src/protocol/messages.ts'
import { ipOf } from '../../network/hosts.ts'
import { addressOf, type Grove, INTERVAL_MS, type World } from '../world.ts'

/**
 * Where attackers are: on a host each; on one host, by paths of one port; on one host, by ports,
 * under ever new ids.
 */
export type Kind = 'hosts' | 'paths' | 'ids'

/** Far from the numbers of honest groves. */
const FIRST_ATTACKER = 1 << 20
const FIRST_PORT = 5_000
/** Peers in a shuffle of theirs. */
const OFFERED = 50

interface Options {
  readonly kind: Kind
  readonly count: number
  /** Shuffles, and exchanges, that each sends in a round. */
  readonly pace: number
}

export interface Attackers {
  /** From now on each of them strikes once a round. */
  attack(): void
  /** From now on each strikes this grove, too. */
  pursue(victim: Grove): void
  /** Whether one of them is at this address. */
  isAt(address: string): boolean
}

/** Attackers in a world, who know all addresses. */
export function attackers(world: World, options: Options): Attackers {
  return new Gang(world, options)
}

class Gang implements Attackers {
  readonly #world: World
  readonly #options: Options
  readonly #addresses: readonly string[]
  readonly #known: ReadonlySet<string>
  readonly #pursued: Grove[] = []
  #minted = 0

  constructor(world: World, options: Options) {
    this.#world = world
    this.#options = options
    this.#addresses = Array.from({ length: options.count }, (_, n) => addressIn(options.kind, n))
    this.#known = new Set(this.#addresses)
  }

  attack(): void {
    const { timeline, rng } = this.#world
    for (const [number, address] of this.#addresses.entries()) {
      const { peerId } = this.#peer(number)
      const answer = (input: Input) => this.#answer(number, input)
      this.#world.impersonate(address, { peerId, answer })
      const strikeOn = () => {
        this.#strike(number)
        timeline.after(INTERVAL_MS, strikeOn)
      }
      timeline.after(below(rng, INTERVAL_MS), strikeOn)
    }
  }

  pursue(victim: Grove): void {
    this.#pursued.push(victim)
  }

  isAt(address: string): boolean {
    return this.#known.has(address)
  }

  #answer(number: number, input: Input): Effect | undefined {
    if (input.type === 'exchange-received')
      return { type: 'reply-exchange', message: this.#greeting(number) }
    if (input.type === 'shuffle-received')
      return { type: 'reply-shuffle', response: { offered: this.#gang() } }
    if (input.type === 'sample-received')
      return { type: 'reply-sample', peers: this.#gang().slice(0, SAMPLE_MAX).map(named) }
    return undefined
  }

  #strike(number: number): void {
    const { groves, rng } = this.#world
    for (let sent = 0; sent < this.#options.pace; sent += 1)
      this.#send(number, groves[below(rng, groves.length)]?.self.address)
    for (const { self } of this.#pursued) this.#send(number, self.address)
  }

  #send(number: number, victim: string | undefined): void {
    if (victim === undefined) return
    const remote = ipOf(this.#addresses[number] ?? '')
    if (this.#world.options.sampling === 'proven') {
      const request = { from: named(this.#peer(number)), most: 0 }
      this.#world.deliver(victim, { type: 'sample-received', request })
    } else {
      const request = { sender: this.#info(number), offered: this.#gang() }
      this.#world.deliver(victim, { type: 'shuffle-received', request, remote })
    }
    this.#world.deliver(victim, {
      type: 'exchange-received',
      message: this.#greeting(number),
      remote,
    })
  }

  /** An attacker, and its id: its own, or a new one each time. */
  #peer(number: number): PeerAddress {
    if (this.#options.kind === 'ids') this.#minted += 1
    const id = this.#options.kind === 'ids' ? this.#minted : number
    const { peerId } = this.#world.addressOf(FIRST_ATTACKER + id)
    return { peerId, address: this.#addresses[number] ?? '' }
  }

  #info(number: number): PeerInfo {
    return { ...this.#peer(number), age: 0, lastSeen: timestamp(this.#world.now) }
  }

  #gang(): PeerInfo[] {
    const numbers = [...this.#addresses.keys()]
    return sample(this.#world.rng, numbers, OFFERED).map((number) => this.#info(number))
  }

  #greeting(number: number) {
    return {
      ...this.#peer(number),
      frontier: [],
      load: { queueDepth: 0 },
      capabilities: {},
      timestamp: timestamp(this.#world.now),
    }
  }
}

function addressIn(kind: Kind, number: number): string {
  const { address } = addressOf(FIRST_ATTACKER + (kind === 'hosts' ? number : 0))
  if (kind === 'ids') return address.replace(/:\d+$/, `:${FIRST_PORT + number}`)
  // The first has no path: the host itself may be in views.
  return kind === 'paths' && number > 0 ? `${address}/p${number}` : address
}

const named = ({ peerId, address }: PeerAddress): NamedPeer => ({ peerId, address, seq: 1 })

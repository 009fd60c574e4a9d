import type { Cid } from '../../../src/core/cid.ts'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import type { Advertisement } from '../../../src/core/ranking/advertisement.ts'
import { comparePlaces, type LocalEntry } from '../../../src/core/ranking/frontier.ts'
import type { DigestEntry, GossipMessage, PeerInfo } from '../../../src/core/wire/gossip.ts'
import { fingerprintOf } from '../../../src/protocol/gossip/digest-cache.ts'
import { GossipState } from '../../../src/protocol/gossip-state.ts'
import type { Effect, Input } from '../../../src/protocol/messages.ts'
import { INTERVAL_MS, peer, START, seeded, work } from './network.ts'

interface Grove {
  readonly self: PeerAddress
  readonly gossip: GossipState
  readonly held: Map<Cid, LocalEntry>
}

/** A message under way, and the input that it is for its receiver. */
interface Sent {
  readonly route: string
  readonly to: string
  readonly input: Input
}

/**
 * Plays a conversation between groves, which reads as prose (after etcd's data-driven tests). A
 * line says what happens, and when, in seconds. The indented lines below it are the effects that
 * the grove wants. What happens is read from the text, and its effects are written by the state
 * machine.
 *
 *   p1 starts, knowing p2              with that seed
 *   p1, p2 and p3 have met             a round of each, with all consequences, which are not shown
 *   p1 wakes                           at a moment that it asked for
 *   p1 holds item-1 at 0.9             it was published or fetched
 *   p2 receives p1's message           the oldest under way; also answer, shuffle, shuffle answer
 *   p1's message to p2 is lost
 *   p1 gets no answer from p2
 *   p1 lists its peers
 */
export function play(script: string): string {
  const conversation = new Conversation()
  const lines = script.split('\n').filter((line) => !line.startsWith('  '))
  return lines.flatMap((line) => [line, ...conversation.follow(line)]).join('\n')
}

class Conversation {
  readonly #groves = new Map<string, Grove>()
  readonly #underWay: Sent[] = []
  /** The fingerprints of digests, in the order in which they first appear. D0 is the empty one. */
  readonly #digests = [fingerprintOf([])]
  #now = START

  /** The effects of a line of the script; a comment has none. */
  follow(line: string): string[] {
    const [, seconds, event] = /^(\d+\.\d{3}) (.*)$/.exec(line) ?? []
    if (event === undefined) return []
    this.#now = START + Math.round(Number(seconds) * 1_000)
    return this.#happen(event).map((effect) => `  → ${effect}`)
  }

  #happen(event: string): string[] {
    const [name = '', ...others] = event.match(/\bp\d+\b/g) ?? []
    const [, item, value] = /holds item-(\d+) at (\S+)$/.exec(event) ?? []
    const [, what] = /'s (message|answer|shuffle answer|shuffle)\b/.exec(event) ?? []
    if (/ starts\b/.test(event)) return this.#start(name, others)
    if (/ have met$/.test(event)) return this.#meet([name, ...others])
    if (/ lists its peers$/.test(event)) return this.#peers(name)
    if (/ wakes$/.test(event)) return this.#step(name, { type: 'tick' })
    if (item !== undefined) return this.#hold(name, work(Number(item), Number(value)))
    if (/ gets no answer from \S+$/.test(event))
      return this.#step(name, { type: 'contact-failed', peer: this.#grove(others[0]).self })
    if (/ receives /.test(event))
      return this.#step(name, this.#take(`${others[0]}'s ${what} to ${name}`).input)
    if (/ is lost$/.test(event)) {
      this.#take(event.replace(/ is lost$/, ''))
      return []
    }
    throw new Error(`not an event that the script knows: ${event}`)
  }

  #start(name: string, seeds: readonly string[]): string[] {
    const number = Number(name.slice(1))
    const config = {
      self: peer(number),
      seeds: seeds.map((seed) => peer(Number(seed.slice(1)))),
      capabilities: {},
      gossipIntervalMs: INTERVAL_MS,
    }
    const gossip = new GossipState(config, seeded(number))
    this.#groves.set(name, { self: config.self, gossip, held: new Map() })
    return []
  }

  /** Starts groves that all know each other, have answered each other, and have had a round. */
  #meet(names: readonly string[]): string[] {
    for (const name of names)
      this.#start(
        name,
        names.filter((other) => other !== name),
      )
    for (const name of [...names, ...names]) {
      this.#step(name, { type: 'tick' })
      for (let sent = this.#underWay.shift(); sent !== undefined; sent = this.#underWay.shift())
        this.#step(sent.to, sent.input)
      this.#now += 100
    }
    return []
  }

  #hold(name: string, item: LocalEntry): string[] {
    const { held } = this.#grove(name)
    held.set(item.cid, item)
    this.#step(name, { type: 'held', cids: [item.cid] })
    const entries = [...held.values()].sort(comparePlaces)
    return this.#step(name, { type: 'frontier', entries })
  }

  #peers(name: string): string[] {
    const peers = this.#grove(name).gossip.peers()
    return peers.map(({ peerId, status, active, seed, age }) =>
      [`${peerId} is ${status}, age ${age}`, seed ? 'a seed' : '', active ? '' : 'retained']
        .filter((part) => part !== '')
        .join(', '),
    )
  }

  #grove(name = ''): Grove {
    const grove = this.#groves.get(name)
    if (grove === undefined) throw new Error(`${name} has not started`)
    return grove
  }

  /** Takes the oldest message under way on a route. */
  #take(route: string): Sent {
    const index = this.#underWay.findIndex((sent) => sent.route === route)
    const [sent] = index < 0 ? [] : this.#underWay.splice(index, 1)
    if (sent === undefined) throw new Error(`${route} is not under way`)
    return sent
  }

  #step(name: string, input: Input): string[] {
    const { gossip } = this.#grove(name)
    const effects = gossip.step(input, this.#now)
    gossip.checkInvariants()
    for (const effect of effects) this.#send(name, effect, input)
    return effects.map((effect) => this.#prose(effect))
  }

  /** Puts the message of an effect under way, or the answer to the input. */
  #send(from: string, effect: Effect, cause: Input): void {
    const { self } = this.#grove(from)
    const put = (what: string, to: string, input: Input) =>
      this.#underWay.push({ route: `${from}'s ${what} to ${to}`, to, input })
    if (effect.type === 'send-exchange')
      put('message', effect.peer.peerId, { type: 'exchange-received', message: effect.message })
    else if (effect.type === 'send-shuffle')
      put('shuffle', effect.peer.peerId, { type: 'shuffle-received', request: effect.request })
    else if (effect.type === 'reply-exchange' && cause.type === 'exchange-received') {
      const input = { type: 'exchange-answered', peer: self, message: effect.message } as const
      put('answer', cause.message.peerId, input)
    } else if (effect.type === 'reply-shuffle' && cause.type === 'shuffle-received') {
      const input = { type: 'shuffle-answered', peer: self, response: effect.response } as const
      put('shuffle answer', cause.request.sender.peerId, input)
    }
  }

  #prose(effect: Effect): string {
    switch (effect.type) {
      case 'send-exchange':
        return `message to ${effect.peer.peerId}: ${this.#content(effect.message)}`
      case 'reply-exchange':
        return `answer: ${this.#content(effect.message)}`
      case 'send-shuffle':
        return `shuffle with ${effect.peer.peerId}: ${namesOf(effect.request.offered)}`
      case 'reply-shuffle':
        return `shuffle answer: ${namesOf(effect.response.offered)}`
      case 'send-sample':
        return `question to ${effect.peer.peerId}: who is there?`
      case 'reply-sample':
        return `answer: ${listOf(effect.peers.map(({ peerId }) => peerId))} are there`
      case 'wake':
        return `wake me at ${((effect.at - START) / 1_000).toFixed(3)}`
      case 'heard':
        return `heard of ${listOf(effect.entries.map(({ cid: id }) => itemOf(id)))}`
      case 'discovered':
        return `discovered: ${listOf(effect.entries.map(advertisementOf))}`
      case 'wrong-id':
        return `${effect.peer.address} answers as ${effect.peerId}`
      case 'peer-status':
        return `${effect.peer.peerId} is ${effect.status}`
    }
  }

  #content({ frontier, digest }: GossipMessage): string {
    const entries = listOf(frontier.map(placeOf))
    if (digest === undefined) return entries
    const { fingerprint, seen, ihave, iwant } = digest
    const parts = [
      ihave === undefined && `my digest ${this.#digestOf(fingerprint, frontier)}`,
      ihave !== undefined && frontier.length > 0 && `new: ${entries}`,
      ihave !== undefined && ihave.length > 0 && `I have ${listOf(ihave.map(itemOf))}`,
      iwant !== undefined && `I want ${listOf(iwant.map(itemOf))}`,
      seen !== undefined && `I know your ${this.#nameOf(seen)}`,
    ]
    return parts.filter((part) => part !== false).join('; ')
  }

  #digestOf(fingerprint: string, frontier: readonly DigestEntry[]): string {
    const name = this.#nameOf(fingerprint)
    return frontier.length === 0 ? `is ${name}` : `${name}: ${listOf(frontier.map(placeOf))}`
  }

  #nameOf(fingerprint: string): string {
    if (!this.#digests.includes(fingerprint)) this.#digests.push(fingerprint)
    return `D${this.#digests.indexOf(fingerprint)}`
  }
}

const listOf = (parts: readonly string[]): string => (parts.length === 0 ? '-' : parts.join(', '))

const namesOf = (peers: readonly PeerInfo[]): string =>
  listOf(peers.map(({ peerId, age }) => `${peerId} (age ${age})`))

/** The item of a cid, or of a short id. */
const itemOf = (id: string): string => `item-${Number.parseInt(id.slice(-8), 16)}`

const placeOf = ({ cid: id, value }: Pick<DigestEntry, 'cid' | 'value'>): string =>
  `${itemOf(id)} at ${value}`

const advertisementOf = ({ unauthenticated, from, ...place }: Advertisement): string =>
  `${placeOf(place)} ${unauthenticated === true ? 'in the name of' : 'by'} ${from.peerId}`

import type { Cid } from '../../src/core/cid.ts'
import { hashBytes } from '../../src/core/cid.ts'
import { type Contribution, sealDraft } from '../../src/core/contribution/contribution.ts'
import type { Draft } from '../../src/core/contribution/schema.ts'
import { timestamp } from '../../src/core/time.ts'
import type { DigestEntry, PeerInfo } from '../../src/core/wire/gossip.ts'
import type { CarriedAnswer, CarriedRequest, HttpCarrier } from '../../src/transport/dialler.ts'
import type { Journal } from '../engine/journal.ts'
import type { Keys } from '../engine/keys.ts'
import { Process } from '../engine/process.ts'
import type { Rng } from '../engine/rng.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { Machine } from '../machine/machine.ts'
import {
  absentAnswer,
  bytesAnswer,
  FEDERATING,
  type Host,
  type HttpAnswer,
  type HttpRequest,
  jsonAnswer,
} from '../network/http.ts'
import type { Network } from '../network/network.ts'
import type { Ledger } from '../run/ledger.ts'
import type { Mode } from '../scenario/scenario.ts'
import { Identities } from './identity/identities.ts'

/** What an adversary can reach: every machine, and every contribution that was ever published. */
export interface AdversaryContext {
  readonly timeline: Timeline
  readonly journal: Journal
  readonly network: Network
  readonly machines: readonly Machine[]
  readonly ledger: Ledger
  /** Reports a violation: something that no grove may do for it. */
  readonly violated: (what: string) => void
  readonly mode: Mode
  readonly keys: Keys
  /** Mean time between two of its own calls, in ms. */
  readonly intervalMs: number
}

/** Contributions of its own that each adversary has, good enough to be wanted. */
const WORKS = 2
const ENTRIES_MAX = 60
const JSON_TYPE = { 'content-type': 'application/json' } as const

/**
 * A peer that breaks the protocol. As it is here it is honest, and calls other groves of its own
 * accord. Each kind overrides what it does differently.
 */
export class Adversary implements Host {
  readonly honest = false
  readonly process = new Process()
  readonly name: string
  readonly address: string
  readonly works: Contribution[]
  protected readonly rng: Rng
  protected readonly context: AdversaryContext
  protected readonly blobs = new Map<Cid, Uint8Array>()
  readonly #identities: Identities
  readonly #carrier: HttpCarrier

  constructor(kind: string, index: number, rng: Rng, context: AdversaryContext) {
    this.name = `${kind}${index}`
    this.address = `http://10.6.${kind.length}.${kind.charCodeAt(0) + index}:4515`
    this.rng = rng
    this.context = context
    const { mode, keys, timeline } = context
    const nonces = rng.fork('nonces')
    this.#identities = new Identities({ name: this.name, mode, keys, timeline, rng: nonces })
    context.journal.call(this.peerId, this.name)
    this.works = Array.from({ length: WORKS }, (_, n) => this.#work(n))
    this.#carrier = context.network.carrierOf(this)
    context.network.attach(this)
  }

  /** The id under which it is known. */
  get peerId(): string {
    return this.idOf(this.name)
  }

  /** The id of a peer that it calls by this name. */
  protected idOf(name: string): string {
    return this.#identities.idOf(name)
  }

  /** From now on it calls others, again and again. */
  start(): void {
    this.context.timeline.after(this.context.intervalMs * (0.5 + this.rng.next()), () => {
      this.act()
      this.start()
    })
  }

  async handle(request: HttpRequest): Promise<HttpAnswer> {
    return this.seal(request, await this.answer(request))
  }

  /** Signs an answer in the name of its sender, where that is one of its own. */
  protected seal(request: HttpRequest, answer: HttpAnswer): Promise<HttpAnswer> {
    return this.#identities.seal(request, answer)
  }

  /** What it answers. */
  protected async answer(request: HttpRequest): Promise<HttpAnswer> {
    const url = new URL(request.path, 'http://adversary')
    const [, , first, second, third = ''] = url.pathname.split('/')
    switch (`${first}/${second}`) {
      case 'gossip/exchange':
        return this.onExchange(request)
      case 'gossip/shuffle':
        return jsonAnswer({ offered: this.offered() })
      case 'gossip/contribution':
        return this.onManifest(third as Cid, request)
      case 'federation/best':
        return this.onBest(url.searchParams.get('dimension') ?? '', request)
      case 'federation/closure':
        return this.onClosure((JSON.parse(request.body) as { cid: Cid }).cid)
      case 'frontier/undefined':
        return this.onFrontier()
    }
    return first === 'blobs' ? this.onBlob(second as Cid, request) : absentAnswer()
  }

  /** One call of its own: it gossips with some grove. */
  protected act(): void {
    const target = this.randomMachine()
    if (target === undefined) return
    this.send(target, 'exchange', this.message(target.name))
    this.send(target, 'shuffle', {
      sender: this.info(),
      offered: [this.info(), ...this.offered()].slice(0, 50),
    })
  }

  /** What it advertises to this peer. */
  protected digest(_to: string): DigestEntry[] {
    return this.truths()
  }

  /** The peers that it offers in a shuffle. */
  protected offered(): PeerInfo[] {
    return [this.info()]
  }

  protected onExchange({ from }: HttpRequest): Promise<HttpAnswer> | HttpAnswer {
    return jsonAnswer(this.message(from))
  }

  protected onManifest(cid: Cid, _request: HttpRequest): Promise<HttpAnswer> | HttpAnswer {
    const contribution = this.known(cid)
    return contribution === undefined ? absentAnswer() : bytesAnswer(contribution.bytes)
  }

  protected async onBlob(hash: Cid, { headers }: HttpRequest): Promise<HttpAnswer> {
    const bytes = await this.bytesOf(hash)
    if (bytes === undefined) return absentAnswer()
    const start = Number(/^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1] ?? 0)
    if (start === 0) return bytesAnswer(bytes)
    const range = `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`
    return { ...bytesAnswer(bytes.subarray(start), { 'content-range': range }), status: 206 }
  }

  protected onBest(dimension: string, { from }: HttpRequest): Promise<HttpAnswer> | HttpAnswer {
    const advertisements = this.digest(from).filter(({ metric }) => metric === dimension)
    const entries = advertisements.map(({ cid, value }) => ({
      cid,
      value,
      kind: 'work',
      tags: [],
      manifestBytes: 500,
      artifactBytes: 100,
    }))
    return jsonAnswer({ dimension, direction: advertisements[0]?.direction ?? 'maximize', entries })
  }

  protected onClosure(_cid: Cid): Promise<HttpAnswer> | HttpAnswer {
    return lines([{ trailer: { sent: 0, bytes: 0, missing: [] } }])
  }

  protected onFrontier(): HttpAnswer {
    const byMetric = Object.fromEntries(this.digest('').map(({ metric }) => [metric, []]))
    return jsonAnswer({
      byMetric,
      byAdoption: [],
      byRecency: [],
      byReviewScore: [],
      byReproduction: [],
    })
  }

  /** True entries, for its own contributions and some of the honest ones. */
  protected truths(): DigestEntry[] {
    const published = this.rng.sample([...this.context.ledger.published.values()], ENTRIES_MAX / 2)
    return [...this.works, ...published]
      .flatMap(({ cid, manifest }) =>
        manifest.mode === 'evaluation'
          ? Object.entries(manifest.scores ?? {}).map(([metric, { value, direction }]) => ({
              cid,
              metric,
              value,
              direction,
            }))
          : [],
      )
      .slice(0, ENTRIES_MAX)
  }

  protected known(cid: Cid): Contribution | undefined {
    return this.works.find((work) => work.cid === cid) ?? this.context.ledger.published.get(cid)
  }

  /** The bytes of any blob that it or some machine holds. */
  protected async bytesOf(hash: Cid): Promise<Uint8Array | undefined> {
    const own = this.blobs.get(hash)
    if (own !== undefined) return own
    const holder = this.context.machines.find(({ disk }) => disk.hashes.has(hash))
    return holder?.disk.bytesOf(hash)
  }

  protected randomMachine(): Machine | undefined {
    return this.rng.pick(this.context.machines)
  }

  protected message(to: string): object {
    return this.messageAs({ peerId: this.peerId, address: this.address }, this.digest(to))
  }

  protected messageAs(
    self: { peerId: string; address: string },
    frontier: readonly DigestEntry[],
  ): object {
    const now = timestamp(this.context.timeline.now)
    return {
      ...self,
      frontier,
      load: { queueDepth: 0 },
      capabilities: { federation: 2 },
      timestamp: now,
    }
  }

  protected info(): PeerInfo {
    return {
      peerId: this.peerId,
      address: this.address,
      age: 0,
      lastSeen: timestamp(this.context.timeline.now),
    }
  }

  /** Sends a message and ignores the answer. */
  protected send(to: Machine, what: 'exchange' | 'shuffle', body: object | string): void {
    this.request(to, `/api/gossip/${what}`, body).then(
      ({ body: answer }) => answer.destroy(),
      () => {},
    )
  }

  /** A request to a grove: a POST if it has a body. */
  protected request(to: Machine, path: string, body?: object | string): Promise<CarriedAnswer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const request =
      body === undefined
        ? ({ path, method: 'GET', headers: {} } as const)
        : ({ path, method: 'POST', headers: JSON_TYPE, body: text } as const)
    const signed = this.#identities.headersFor(to, request)
    if (signed === undefined) return this.call(to, request)
    return signed.then((headers) =>
      this.call(to, { ...request, headers: { ...request.headers, ...headers } }),
    )
  }

  /** A request with a body of any length. */
  protected async upload(
    to: Machine,
    path: string,
    stream: AsyncIterable<Uint8Array>,
  ): Promise<CarriedAnswer> {
    const request = { path, method: 'POST', headers: {} } as const
    const signed = await this.#identities.headersFor(to, { ...request, body: '' })
    return this.call(to, { ...request, headers: signed ?? {}, stream })
  }

  /** A request as it is. */
  protected call(to: Machine, request: Omit<CarriedRequest, 'origin'>): Promise<CarriedAnswer> {
    return this.#carrier.request({ origin: to.address, ...request })
  }

  #work(n: number): Contribution {
    const scores = { m0: { value: this.rng.below(1_000) / 100, direction: 'minimize' } } as const
    return this.sealed({ summary: `by ${this.name}, ${n}`, scores, artifacts: this.artifact() })
  }

  /** An artifact of that many bytes, which it holds. */
  protected artifact(size = 500 + this.rng.below(2_000)): Record<string, Cid> {
    const bytes = this.rng.bytes(size)
    const hash = hashBytes(bytes)
    this.blobs.set(hash, bytes)
    return { part: hash }
  }

  /** A contribution of its own, by itself a work without anything. */
  protected sealed(draft: Partial<Draft>): Contribution {
    const base = { kind: 'work', mode: 'evaluation', summary: `by ${this.name}` } as const
    const agent = { agentId: this.name }
    const contribution = sealDraft({ ...base, agent, ...draft }, this.context.timeline.now)
    this.context.journal.name(contribution.cid, `of-${this.name}`)
    return contribution
  }
}

/** Newline-delimited JSON. */
export function lines(values: Iterable<object | Uint8Array>): HttpAnswer {
  return { status: 200, headers: FEDERATING, body: stream(values) }
}

async function* stream(
  values: Iterable<object | Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const value of values) {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value))
    yield Buffer.concat([bytes, Buffer.from('\n')])
  }
}

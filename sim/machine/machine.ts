import { Door } from '../../src/api/admission/door.ts'
import { OwnAddresses } from '../../src/api/admission/own-addresses.ts'
import { ApiAnswerer } from '../../src/api/answer/answerer.ts'
import { leafAnswerOf, requestOf } from '../../src/api/answer/called.ts'
import type { SigningKey } from '../../src/core/identity/ed25519.ts'
import { type Rotation, rotate } from '../../src/core/identity/rotation.ts'
import type { Counting } from '../../src/core/peers/counting.ts'
import { leafAddress } from '../../src/core/peers/leaf.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import { hexDigits } from '../../src/core/random.ts'
import { timestamp } from '../../src/core/time.ts'
import { type NewStanding, Standings } from '../../src/node/access/standings.ts'
import type { NodeConfig } from '../../src/node/config.ts'
import { GroveNode } from '../../src/node/node.ts'
import type { AnswerCall } from '../../src/node/peers/leaf.ts'
import type { Log } from '../../src/ports/log.ts'
import { SIGNATURE } from '../../src/signing/http-signature.ts'
import { httpTransport } from '../../src/transport/client.ts'
import { twinIn, wrongBlame } from '../checkers/blame.ts'
import { MachineClock } from '../engine/clock.ts'
import { never, Process } from '../engine/process.ts'
import { hostsOf } from '../network/hosts.ts'
import type { Host, HttpAnswer, HttpRequest } from '../network/http.ts'
import { Disk } from './disk.ts'
import type { MachineOptions } from './options.ts'
import { serve } from './server.ts'

/** A grove that runs on a machine. */
interface Running {
  readonly node: GroveNode
  readonly process: Process
  readonly answerer: ApiAnswerer
}

/** Hex digits of a signature's nonce. */
const NONCE_DIGITS = 32
/** How long a machine is down after a loss of power, in ms. */
const REBOOT_MS = [500, 20_000] as const

/**
 * A machine with a grove. Its disk and clock outlive the program, which crashes and starts again.
 */
export class Machine implements Host {
  readonly honest = true
  readonly name: string
  readonly address: string
  readonly isLeaf: boolean
  readonly sharesKey: boolean
  /** The addresses of groves with its key that it has warned of. */
  readonly twins = new Set<string>()
  readonly clock: MachineClock
  readonly disk: Disk
  readonly #options: MachineOptions
  #running: Running | undefined
  /** Every grove that has run on it, one a boot. */
  readonly #boots: GroveNode[] = []
  /** By address, the faults that its log has told of peers. */
  readonly #blamed = new Map<string, Set<string>>()
  #faults = 0
  #key: SigningKey | undefined
  /** Its changes of key, oldest first. */
  readonly #rotations: Rotation[] = []
  /** What its disk is still to be a copy of. */
  #toCopy: Machine | undefined

  constructor(options: MachineOptions) {
    const { name, peer, timeline, rng, journal, clock, disk } = options
    this.#options = options
    this.name = name
    this.#key = options.key
    this.address = peer.address
    this.isLeaf = options.isLeaf === true
    this.sharesKey = options.sharesKey === true
    this.#toCopy = options.copyOf
    this.clock = new MachineClock(timeline, clock)
    this.disk = new Disk({
      timeline,
      rng: rng.fork('disk'),
      conditions: disk,
      crash: () => this.#losePower(),
      fault: (what) => {
        this.#faults += 1
        journal.note(name, `✗ ${what}`)
      },
      violated: (what) => options.violated(`${name} ${what}`),
    })
    if (!this.isLeaf) options.network.attach(this)
  }

  /** Its present key. */
  get key(): SigningKey | undefined {
    return this.#key
  }

  get peer(): PeerAddress {
    return { peerId: this.#key?.peerId ?? this.#options.peer.peerId, address: this.address }
  }

  /** The keys that it had before. */
  get former(): string[] {
    return this.#rotations.map(({ from }) => from)
  }

  get process(): Process | undefined {
    return this.#running?.process
  }

  /** The grove; undefined while the machine is down. */
  get node(): GroveNode | undefined {
    return this.#running?.node
  }

  get boots(): number {
    return this.#boots.length
  }

  /** The number of times its disk has failed. */
  get faults(): number {
    return this.#faults
  }

  /** Whose word counts here; everybody's where no grove has a key, or while it is down. */
  get counting(): Counting | undefined {
    const { admission } = this.#options.config
    const keys = this.node?.access.keys
    if (!this.key || !admission || !keys) return undefined
    return { admission, standings: keys.all(), aliases: keys.aliases() }
  }

  /** The faults that it has noted of the peer at an address. */
  faultsOf(address: string): ReadonlySet<string> {
    return this.#blamed.get(address) ?? new Set()
  }

  /** Starts the grove on what the disk holds. No effect if it runs. */
  boot(): void {
    if (this.#running !== undefined) return
    if (this.#toCopy !== undefined) {
      this.#bootCopy(this.#toCopy)
      return
    }
    const { network, rng, config, journal, keys } = this.#options
    const { key } = this
    const process = new Process()
    const clock = this.clock.forProcess(() => process.alive)
    const carrier = network.carrierOf({
      name: this.name,
      address: this.address,
      honest: true,
      process,
    })
    const random = rng.fork(`boot ${this.boots + 1}`)
    const nonces = rng.fork(`nonces ${this.boots + 1}`)
    const http = httpTransport({
      ...{ allowPrivate: true, clock, carrier },
      ...(key && {
        signing: {
          ...{ key, keys: keys.known(), nonce: () => hexDigits(nonces, NONCE_DIGITS) },
          onClock: (peer, offsetMs) => this.#warnOfClock(peer, offsetMs),
        },
      }),
      isBlocked: (peer) => node.access.blocks(peer),
    })
    const transport = { ...http, hosts: hostsOf(http.hosts) }
    const secret = (bytes: number) => hexDigits(random, 2 * bytes)
    const ports = { ...this.disk.open(process), transport, clock, random, secret, log: this.#log() }
    const signatures = key && keys.signatures(key)
    const node: GroveNode = new GroveNode({ ...config, ...this.#own() }, { ...ports, signatures })
    const answerer = this.#answererOf(node)
    this.#running = { node, process, answerer }
    this.#boots.push(node)
    journal.note(this.name, this.boots === 1 ? 'starts' : 'starts again')
    node
      .start(this.#options.findsOut === true ? this.#onLines(answerer) : undefined)
      .catch((error: unknown) =>
        this.#options.violated(`${this.name} does not start: ${String(error)}`),
      )
  }

  #own(): Pick<NodeConfig, 'self' | 'former'> {
    const rotations = [...this.#rotations]
    return { self: this.peer, ...(rotations.length > 0 && { former: { rotations } }) }
  }

  #bootCopy({ name, disk }: Machine): void {
    this.#toCopy = undefined
    this.#options.journal.note(this.name, `is a copy of ${name}, key and all`)
    void this.disk.copy(disk).then(() => this.boot())
  }

  /** How calls are answered that come on lines to hubs. */
  #onLines(answerer: ApiAnswerer): AnswerCall {
    return async (call, hub) => {
      const { response } = await answerer.answer(requestOf(call, hub, this.peer.peerId))
      return leafAnswerOf(response, call.method)
    }
  }

  /** A grove without a key has no door, as before there were any. */
  #answererOf(node: GroveNode): ApiAnswerer {
    const { key } = this
    const { keys } = this.#options
    const { access, clock, config } = node
    if (key === undefined) return new ApiAnswerer(node)
    const leaf = leafAddress(this.peer.peerId)
    const own = new OwnAddresses({ address: this.address, bound: this.address, names: [], leaf })
    const { admission } = config
    const secret = this.#options.rng.fork(`door ${this.boots}`).cid()
    const signing = { key, own, secret, knownKeys: keys.known() }
    const door = new Door({ access, clock, admission, signing })
    const { calls } = this.#options
    return new ApiAnswerer(node, {
      door: {
        seal: (reply) => door.seal(reply),
        admit: async (request, kind) => {
          const caller = await door.admit(request, kind)
          if (caller.kind === 'grove') calls.taken(this.name, request.header(SIGNATURE) ?? '')
          return caller
        },
      },
    })
  }

  /** Lists groves that may call this one, as its operator does before the first start. */
  async list(peerIds: readonly string[]): Promise<void> {
    const standings = this.#recordedStandings()
    for (const peerId of peerIds) await standings.say(peerId, { standing: 'trusted' })
  }

  /** Its operator says something of a key, to the grove or, while that is down, to its records. */
  judge(subject: string, said: NewStanding): void {
    const { journal } = this.#options
    journal.note(this.name, `${said.standing} is said of ${subject} ${said.forMs ?? 'for good'}`)
    const standings = this.node?.access.standings ?? this.#recordedStandings()
    standings.say(subject, said).catch((error: unknown) => {
      journal.note(this.name, `it could not be kept: ${String(error)}`)
    })
  }

  #recordedStandings(): Standings {
    const clock = this.clock.forProcess(() => true)
    return new Standings({ records: this.disk.records, secret: () => '', clock })
  }

  /** Its operator stops it, gives it another key, and starts it again. What has changed. */
  rotate(key: SigningKey): Rotation | undefined {
    if (this.#key === undefined) return undefined
    const rotation = rotate(this.#key, key, timestamp(this.clock.now()))
    this.#options.journal.note(this.name, `has another key from now on: ${key.peerId}`)
    this.crash()
    this.#rotations.push(rotation)
    this.#key = key
    this.boot()
    return rotation
  }

  /** Kills the grove without warning. */
  crash(): void {
    if (this.#running === undefined) return
    this.#options.journal.note(this.name, '✗ crashes')
    const { process } = this.#running
    this.#running = undefined
    process.kill()
    this.#options.stopped()
  }

  /** Closes every grove at the end of the run. Node would keep the listeners on their signals. */
  end(): void {
    this.#running?.process.kill()
    this.#running = undefined
    for (const node of this.#boots) node.close().catch(() => {})
  }

  async handle(request: HttpRequest): Promise<HttpAnswer> {
    if (this.#running === undefined) return never()
    const answer = await serve(this.#running.answerer, request)
    const { calls, clocks } = this.#options
    calls.answered(this.name, this.address, answer.status, request)
    clocks.answered(request.from, this.address, request, answer)
    return answer
  }

  #note(address: string, fault: string): void {
    const faults = this.#blamed.get(address) ?? new Set()
    this.#blamed.set(address, faults.add(fault))
  }

  /** Says so as a served grove does (`src/compose.ts`). */
  #warnOfClock({ address }: PeerAddress, offsetMs: number): void {
    const { journal, clocks } = this.#options
    clocks.told(this.name, address)
    const words = () => `warns that the clock at ${address} is off by ${offsetMs} ms`
    journal.note(this.name, `the clock of ${address} is off by ${offsetMs}`, words)
  }

  #losePower(): void {
    this.crash()
    const { timeline, rng } = this.#options
    timeline.after(rng.between(REBOOT_MS), () => this.boot())
  }

  /** Reports logged errors as violations, except those of a failing disk. */
  #log(): Log {
    const { journal, violated, honest } = this.#options
    const note: Log['warn'] = (message, fields = {}) => {
      const { err, ...rest } = fields
      journal.trace(`${this.name} logs ${message} ${JSON.stringify(rest)} ${err ?? ''}`)
      const blame = wrongBlame(message, fields, honest)
      const twin = twinIn(message, fields)
      if (twin !== undefined) this.twins.add(twin)
      if (message === 'peer fault') this.#note(String(fields['address']), String(fields['fault']))
      if (blame !== undefined) violated(`${this.name}: ${blame}`)
    }
    return {
      // Faults that repeat are logged here: each is to be looked at.
      debug: (message, fields) => {
        if (message === 'peer fault') note(message, fields)
      },
      info: note,
      warn: note,
      error: (message, { err, ...fields } = {}) => {
        const text = `logs an error: ${message} ${JSON.stringify(fields)} ${String(err)}`
        journal.note(this.name, text)
        if (!/EIO|ENOSPC/.test(text)) violated(`${this.name} ${text}\n${stackOf(err)}`)
      },
    }
  }
}

/** An error's stack, for the reader alone: equal runs need not have equal stacks. */
function stackOf(err: unknown): string {
  return err instanceof Error ? (err.stack ?? '') : ''
}

import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { below, type Random } from '../../../src/core/random.ts'
import { seeded } from '../../../src/runtime/random.ts'

/** What bad weather does to connections: the share of them, for each kind of bad luck. */
export interface Weather {
  /** Refused when they are opened. */
  readonly drop: number
  /** Cut after some bytes of an answer. */
  readonly cut: number
  /** One bit of an answer is another. */
  readonly corrupt: number
  /** The longest that a piece of an answer takes, in ms. */
  readonly delayMs: number
  /** Connections that have bad luck, in all. After them the weather is fine. */
  readonly mishaps: number
}

/** Bytes after which a connection may meet its bad luck. */
const LUCK_MAX_BYTES = 20_000
/** The id of the grove that signed a request. */
const SIGNED_BY = /keyid="(ed25519:[0-9a-f]{64})"/

/** What becomes of a connection: the number of the byte that meets it, if one does. */
interface Lot {
  readonly kind: 'lucky' | 'drop' | 'cut' | 'corrupt'
  readonly at: number
}

/** The network between some groves: they call each other by its doors. */
export class Network implements AsyncDisposable {
  readonly #random: Random
  readonly #doors: Door[] = []
  #weather: Weather | undefined
  /** Connections that have had bad luck. */
  mishaps = 0
  /** The side of each grove, by its id, while the network is cut in halves. */
  #sides: ReadonlyMap<string, number> = new Map()

  constructor(seed: number) {
    this.#random = seeded(seed)
  }

  /** A door at which a grove can be called, once it is told where that listens. */
  async open(): Promise<Door> {
    const door = new Door(this)
    this.#doors.push(door)
    await door.listen()
    return door
  }

  storm(weather: Weather): void {
    this.#weather = weather
  }

  /** Fine weather, for connections that are open too. */
  clear(): void {
    this.#weather = undefined
  }

  /** Cuts the network: groves of different halves don't reach each other. */
  split(...halves: readonly (readonly string[])[]): void {
    this.#sides = new Map(halves.flatMap((half, side) => half.map((id) => [id, side] as const)))
    for (const door of this.#doors) door.endAll()
  }

  heal(): void {
    this.#sides = new Map()
  }

  /** While the network is cut, whoever doesn't say who calls reaches nobody. */
  isCut(from: string | undefined, to: string): boolean {
    if (this.#sides.size === 0) return false
    return this.#sides.get(from ?? '') !== this.#sides.get(to)
  }

  get isFine(): boolean {
    return this.#weather === undefined || this.mishaps >= this.#weather.mishaps
  }

  lot(): Lot {
    if (this.#weather === undefined || this.isFine) return { kind: 'lucky', at: 0 }
    const { drop, cut, corrupt } = this.#weather
    const luck = this.#random.next()
    const at = below(this.#random, LUCK_MAX_BYTES)
    if (luck < drop) return { kind: 'drop', at }
    if (luck < drop + cut) return { kind: 'cut', at }
    return { kind: luck < drop + cut + corrupt ? 'corrupt' : 'lucky', at }
  }

  delayMs(): number {
    const delayMs = this.#weather?.delayMs ?? 0
    return delayMs === 0 ? 0 : below(this.#random, delayMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#doors.map((door) => door.close()))
  }
}

/** Where one grove is called, wherever it listens itself. */
export class Door {
  /** The port and the id of the grove behind it; undefined while it is down. */
  grove: { readonly port: number; readonly id: string } | undefined
  readonly #network: Network
  readonly #open = new Set<Socket>()
  readonly #server = createServer((caller) => this.#take(caller))

  constructor(network: Network) {
    this.#network = network
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  endAll(): void {
    for (const socket of this.#open) socket.destroy()
  }

  close(): Promise<void> {
    this.endAll()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  /** Who calls is in the first request: a connection is that of one grove. */
  #take(caller: Socket): void {
    this.#keep(caller)
    caller.once('data', (head) => {
      const from = SIGNED_BY.exec(head.toString('latin1'))?.[1]
      const { grove } = this
      const isCut = grove === undefined || this.#network.isCut(from, grove.id)
      const lot = isCut ? undefined : this.#network.lot()
      if (lot?.kind === 'drop') this.#network.mishaps += 1
      if (grove === undefined || lot === undefined || lot.kind === 'drop')
        return void caller.destroy()
      const called = connect(grove.port, '127.0.0.1')
      this.#keep(called)
      caller.on('close', () => called.destroy())
      called.write(head)
      caller.pipe(called)
      void this.#carry(called, caller, lot)
    })
  }

  #keep(socket: Socket): void {
    this.#open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#open.delete(socket))
  }

  /** Carries what a grove answers, with the luck of the connection. */
  async #carry(from: Socket, to: Socket, { kind, at }: Lot): Promise<void> {
    let carried = 0
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        const delayMs = this.#network.delayMs()
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
        const meetsIt = at >= carried && at < carried + chunk.length && !this.#network.isFine
        if (kind !== 'lucky' && meetsIt) this.#network.mishaps += 1
        if (kind === 'cut' && meetsIt) break
        if (kind === 'corrupt' && meetsIt) chunk[at - carried] = (chunk[at - carried] ?? 0) ^ 1
        carried += chunk.length
        to.write(chunk)
      }
    } catch {
      // The grove was killed, or its connection was cut.
    }
    to.destroy()
    from.destroy()
  }
}

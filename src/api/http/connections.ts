import type { Socket } from 'node:net'
import { hostOf } from './caller.ts'

/** Connections that a server has at most. */
export const CONNECTIONS_MAX = 4_096
/** Share of a process's descriptors that they may take: files and calls need the others. */
const DESCRIPTORS_SHARE = 1 / 2
/** Share of all connections from which on new ones take the place of others. */
const FULL_SHARE = 3 / 4
/** Share from which on bodies have to move faster. */
const CROWDED_SHARE = 1 / 2
/** Share that the event streams of one host may fill. */
const LISTENING_SHARE = 1 / 2

/** How many connections a process may take that has so many descriptors. */
export function connectionsFor(descriptors = Number.POSITIVE_INFINITY): number {
  return Math.min(CONNECTIONS_MAX, Math.floor(descriptors * DESCRIPTORS_SHARE))
}

/** What a connection is used for. One that is worked for is never cut to make room. */
export type ConnectionUse = 'idle' | 'body' | 'work' | 'listening'

/** A connection and what it is used for at the moment. */
export interface OpenConnection {
  readonly host: string
  readonly socket: Socket
  use: ConnectionUse
  /** When its use changed last. */
  since: number
  /** Bytes that had moved on it when its use became `body`. */
  moved: number
}

interface ConnectionsOptions {
  readonly most: number
  /** Unix ms. */
  readonly now: () => number
}

/**
 * The connections of a server. None is refused for whom it comes from; but where nearly all are
 * taken, the host that has most loses the least useful of its own to each new one.
 */
export class Connections {
  readonly #most: number
  readonly #now: () => number
  readonly #bySocket = new Map<Socket, OpenConnection>()
  readonly #byHost = new Map<string, Set<OpenConnection>>()

  constructor({ most, now }: ConnectionsOptions) {
    this.#most = most
    this.#now = now
  }

  add(socket: Socket): void {
    const host = hostOf(socket.remoteAddress)
    const connection: OpenConnection = { host, socket, use: 'idle', moved: 0, since: this.#now() }
    const ofHost = this.#byHost.get(host) ?? new Set()
    this.#byHost.set(host, ofHost.add(connection))
    this.#bySocket.set(socket, connection)
    socket.once('close', () => this.#remove(connection))
    if (this.#bySocket.size > this.#most * FULL_SHARE) this.#makeRoom(connection)
  }

  /** The connection goes on by another socket, which has to be added. */
  leave(socket: Socket): void {
    const connection = this.#bySocket.get(socket)
    if (connection !== undefined) this.#remove(connection)
  }

  of(socket: Socket): OpenConnection | undefined {
    return this.#bySocket.get(socket)
  }

  use(connection: OpenConnection, use: ConnectionUse): void {
    connection.use = use
    if (use === 'body') connection.moved = movedOf(connection.socket)
    connection.since = this.#now()
  }

  isCrowded(): boolean {
    return this.#bySocket.size > this.#most * CROWDED_SHARE
  }

  /** Whether a host has as many event streams as it may have. */
  listensEnough(host: string): boolean {
    const streams = [...(this.#byHost.get(host) ?? [])].filter(({ use }) => use === 'listening')
    return streams.length >= this.#most * LISTENING_SHARE
  }

  #remove(connection: OpenConnection): void {
    this.#bySocket.delete(connection.socket)
    const ofHost = this.#byHost.get(connection.host)
    ofHost?.delete(connection)
    if (ofHost?.size === 0) this.#byHost.delete(connection.host)
  }

  #makeRoom(newcomer: OpenConnection): void {
    let fullest: Set<OpenConnection> | undefined
    for (const ofHost of this.#byHost.values())
      if (ofHost.size > (fullest?.size ?? 0)) fullest = ofHost
    const others = [...(fullest ?? [])].filter((other) => other !== newcomer)
    const victim = this.#leastUseful(others)
    if (victim === undefined) return
    this.#remove(victim)
    victim.socket.destroy()
  }

  /** The longest idle, else the slowest body, else the oldest event stream. */
  #leastUseful(connections: readonly OpenConnection[]): OpenConnection | undefined {
    const now = this.#now()
    const least = (use: ConnectionUse, worth: (connection: OpenConnection) => number) =>
      connections
        .filter((connection) => connection.use === use)
        .reduce<OpenConnection | undefined>(
          (found, next) => (found && worth(found) <= worth(next) ? found : next),
          undefined,
        )
    return (
      least('idle', ({ since }) => since) ??
      least(
        'body',
        ({ socket, moved, since }) => (movedOf(socket) - moved) / Math.max(1, now - since),
      ) ??
      least('listening', ({ since }) => since)
    )
  }
}

/** Bytes that came on a socket, and that the system took from it: what is queued is left out. */
export function movedOf({ bytesRead, bytesWritten, writableLength }: Socket): number {
  return bytesRead + bytesWritten - writableLength
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Requests of one connection that may wait for the answers to those before. Hardly any client sends
 * so many, and whoever does asks again for what was not answered (RFC 9112 §9.3.2).
 */
const PIPELINED_MAX = 16

/** A request whose answer is not over. */
interface Asked {
  readonly outgoing: ServerResponse
  readonly begin: () => void
}

/**
 * Requests that a caller sends on one connection before it has the answers to those before (RFC
 * 9112 §9.3.2). Each begins when the answer before has been taken, so that a connection costs one
 * answer at a time, however many it asks for.
 */
export class Pipelines {
  /** The requests of each connection, in their order. Only the first has begun. */
  readonly #lines = new WeakMap<Socket, Asked[]>()
  readonly #onCut: (socket: Socket) => void

  constructor(onCut: (socket: Socket) => void) {
    this.#onCut = onCut
  }

  /**
   * Cuts a connection on which too many requests wait, and says whether it is cut. Node reads up to
   * 64 KiB of requests at once: those behind the cut still come, and have to be left alone.
   */
  cutIfFull({ socket }: IncomingMessage): boolean {
    if (socket.destroyed) return true
    if ((this.#lines.get(socket)?.length ?? 0) <= PIPELINED_MAX) return false
    this.#onCut(socket)
    socket.destroy()
    return true
  }

  /** Undefined if all that was asked before on the connection is over; else resolves when it is. */
  behind({ socket }: IncomingMessage, outgoing: ServerResponse): Promise<void> | undefined {
    const line = this.#lines.get(socket) ?? []
    this.#lines.set(socket, line)
    const { promise, resolve: begin } = Promise.withResolvers<void>()
    const asked = { outgoing, begin }
    outgoing.once('close', () => over(socket, line, asked))
    return line.push(asked) === 1 ? undefined : promise
  }
}

function over(socket: Socket, line: Asked[], asked: Asked): void {
  const at = line.indexOf(asked)
  if (at < 0) return
  line.splice(at, 1)
  if (socket.destroyed) closeUnsent(line)
  else if (at === 0) line[0]?.begin()
}

/**
 * When a connection ends, Node closes the answer that is being sent, and none behind it. The line
 * is emptied first, so that no answer that is closed here closes others in its turn.
 */
function closeUnsent(line: Asked[]): void {
  for (const { outgoing, begin } of line.splice(0)) {
    outgoing.destroy()
    outgoing.emit('close')
    begin()
  }
}

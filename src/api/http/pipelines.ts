import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Requests that a caller sends on one connection before it has the answers to those before (RFC
 * 9112 §9.3.2). Each begins when the answer before has been taken, so that a connection costs one
 * answer at a time, however many it asks for.
 */
export class Pipelines {
  /** The answer to the last request of each connection. */
  readonly #last = new WeakMap<Socket, ServerResponse>()

  /** Undefined if all that was asked before on the connection is over; else resolves when it is. */
  behind({ socket }: IncomingMessage, outgoing: ServerResponse): Promise<void> | undefined {
    const before = this.#last.get(socket)
    this.#last.set(socket, outgoing)
    if (before === undefined || before.closed) return undefined
    return new Promise((resolve) => {
      before.once('close', () => {
        if (socket.destroyed) closeUnsent(outgoing)
        resolve()
      })
    })
  }
}

/** When a connection ends, Node closes the answer that is being sent, and none behind it. */
function closeUnsent(outgoing: ServerResponse): void {
  outgoing.destroy()
  outgoing.emit('close')
}

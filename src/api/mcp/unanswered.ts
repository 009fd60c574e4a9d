import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage, MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'

/** A transport that knows which requests came by it and are not answered. */
export class UnansweredTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: <T extends JSONRPCMessage>(message: T, extra?: MessageExtraInfo) => void
  readonly #inner: Transport
  readonly #unanswered = new Set<unknown>()
  #onEmpty: (() => void)[] = []

  constructor(inner: Transport) {
    this.#inner = inner
  }

  /** Resolves as soon as every request that has come is answered, or was cancelled. */
  async answered(): Promise<void> {
    if (this.#unanswered.size > 0)
      await new Promise<void>((resolve) => {
        this.#onEmpty.push(resolve)
      })
  }

  start(): Promise<void> {
    this.#inner.onclose = () => this.onclose?.()
    this.#inner.onerror = (error) => this.onerror?.(error)
    this.#inner.onmessage = (message, extra) => {
      this.#note(message)
      this.onmessage?.(message, extra)
    }
    return this.#inner.start()
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#inner.send(message)
    if (!('method' in message)) this.#settle(message.id)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #note(message: JSONRPCMessage): void {
    if (!('method' in message)) return
    if ('id' in message) this.#unanswered.add(message.id)
    // The SDK sends no answer to what its sender has cancelled.
    else if (message.method === 'notifications/cancelled')
      this.#settle(message.params?.['requestId'])
  }

  #settle(id: unknown): void {
    this.#unanswered.delete(id)
    if (this.#unanswered.size > 0) return
    const waiting = this.#onEmpty
    this.#onEmpty = []
    for (const resolve of waiting) resolve()
  }
}

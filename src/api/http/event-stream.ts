import { once } from 'node:events'
import type { GroveEvent } from '../../core/wire/events.ts'
import type { Exchange } from './exchange.ts'

/** A comment line this often keeps the connection from looking dead. */
const HEARTBEAT_MS = 15_000

/** Sends events as they come until they end or the caller leaves (HTML Standard §9.2, server-sent events). */
export async function sendEvents(
  exchange: Exchange,
  events: AsyncIterable<GroveEvent>,
): Promise<void> {
  const { outgoing, clock, signal } = exchange
  exchange.start(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  outgoing.write('retry: 2000\n\n')
  let cancel = () => {}
  const beat = () => {
    if (!outgoing.writableNeedDrain) outgoing.write(': still here\n\n')
    cancel = clock.after(HEARTBEAT_MS, beat)
  }
  cancel = clock.after(HEARTBEAT_MS, beat)
  try {
    for await (const event of events) {
      const drained = outgoing.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      if (!drained) await once(outgoing, 'drain', { signal })
    }
  } finally {
    cancel()
    outgoing.end()
  }
}

import { Agent, get } from 'node:http'
import type { Gaps } from '../watchdog.ts'

/**
 * A process that asks for /healthz every few ms, one request after another, from an address of its
 * own. Whenever it is asked it tells the longest that an answer took since the last time, and by how
 * much its own timer was late at most: so long the machine was busy with others.
 */
const INTERVAL_MS = 5
const ADDRESS = '127.0.0.3'

let longestMs = 0
let lateMs = 0
/** When the request under way was sent; undefined between requests. */
let sentAt: number | undefined

process.on('message', (message: { origin: string } | 'tell') => {
  if (message !== 'tell') return watch(message.origin)
  if (sentAt !== undefined) longestMs = Math.max(longestMs, performance.now() - sentAt)
  process.send?.({ longestMs, lateMs } satisfies Gaps)
  longestMs = 0
  lateMs = 0
})

function watch(origin: string): void {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let expectedAt = performance.now() + INTERVAL_MS
  setInterval(() => {
    const now = performance.now()
    lateMs = Math.max(lateMs, now - expectedAt)
    expectedAt = now + INTERVAL_MS
    if (sentAt !== undefined) return
    const sent = now
    sentAt = sent
    const end = () => {
      if (sentAt !== sent) return
      longestMs = Math.max(longestMs, performance.now() - sent)
      sentAt = undefined
    }
    const outgoing = get(`${origin}/healthz`, { agent, localAddress: ADDRESS }, (incoming) => {
      incoming.resume().once('close', end)
    })
    outgoing.once('error', end)
  }, INTERVAL_MS)
}

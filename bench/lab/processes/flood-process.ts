import { Agent, get } from 'node:http'
import type { FloodJob } from '../flood.ts'

/**
 * A process that asks without end: each of its connections asks again as soon as it is answered. It
 * tells how many answers came in each second.
 */
process.on('message', ({ origin, connections, paths, localAddress }: FloodJob) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let answers = 0
  let sent = 0
  const ask = () => {
    const path = paths[sent++ % paths.length]
    const outgoing = get(origin + path, { agent, localAddress }, (incoming) => {
      incoming.resume().once('close', () => {
        answers++
        ask()
      })
    })
    outgoing.once('error', () => setTimeout(ask, 10))
  }
  for (let connection = 0; connection < connections; connection++) ask()
  setInterval(() => {
    process.send?.({ answers })
    answers = 0
  }, 1_000)
})

import { get } from 'node:http'

/**
 * A process that listens to events over many connections. It says when all are open, and, whenever
 * it is asked, how many bytes each has got.
 */
process.on('message', (message: { origin: string; listeners: number } | 'tell') => {
  if (message === 'tell') process.send?.({ bytes })
  else listen(message.origin, message.listeners)
})

const bytes: number[] = []

function listen(origin: string, listeners: number): void {
  let open = 0
  for (let listener = 0; listener < listeners; listener++) {
    bytes[listener] = 0
    get(`${origin}/api/events`, { agent: false }, (stream) => {
      stream.on('data', (chunk: Buffer) => {
        bytes[listener] = (bytes[listener] ?? 0) + chunk.byteLength
      })
      if (++open === listeners) process.send?.({ open })
    })
  }
}

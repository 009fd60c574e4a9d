import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that refuses every request, whatever comes with it. */
const server = createServer((incoming, outgoing) => {
  incoming.resume()
  outgoing.writeHead(503).end()
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})

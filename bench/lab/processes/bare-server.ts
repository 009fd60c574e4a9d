import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

/**
 * Node's HTTP server and nothing else, as a baseline. POST answers with the request's body. GET
 * answers the file that the `file` header names, and without one is refused. PUT writes the body to
 * the file that the `file` header names, waits for the disk, and removes it.
 */
const server = createServer((incoming, outgoing) => {
  if (incoming.method === 'PUT') void store(incoming, outgoing)
  else if (incoming.method === 'GET') send(incoming, outgoing)
  else echo(incoming, outgoing)
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})

function echo(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const body = Buffer.concat(chunks)
    outgoing
      .writeHead(201, { 'content-type': 'application/json', 'content-length': body.byteLength })
      .end(body)
  })
}

function send({ headers: { file } }: IncomingMessage, outgoing: ServerResponse): void {
  if (file === undefined) outgoing.writeHead(503).end()
  else createReadStream(String(file)).pipe(outgoing)
}

async function store(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const file = String(incoming.headers.file)
  await pipeline(incoming, createWriteStream(file, { flush: true }))
  outgoing.writeHead(201).end()
  await rm(file)
}

import { createServer, request as forward, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SigningKey } from '../../../src/core/identity/ed25519.ts'
import type { GossipMessage } from '../../../src/core/wire/gossip.ts'
import type { Workbench } from '../workbench.ts'
import { groveHere } from './grove-here.ts'

/** Bytes of a request or of its answer. */
interface Size {
  readonly body: number
  readonly head: number
}

/** Turns after which both know what the other has. */
const TURNS = 4
const IDLE = {
  ...{ frontier: [], load: { queueDepth: 0 }, capabilities: { federation: 2 } },
  digest: { fingerprint: 'none yet' },
}

/** What an exchange takes of two groves that sign, once neither has anything new to tell. */
export async function idleExchange(
  bench: Workbench,
  keys: readonly [SigningKey, SigningKey],
): Promise<{ readonly there: Size; readonly back: Size }> {
  const counted: { there: Size; back: Size }[] = []
  await using between = countingProxy((there, back) => counted.push({ there, back }))
  await using asked = await groveHere({
    ...{ dir: bench.path('idle'), key: keys[0] },
    at: (url) => between.to(url),
  })
  await using asker = await groveHere({ dir: bench.path('idle'), key: keys[1] })
  const timestamp = new Date().toISOString()
  let message: GossipMessage = { ...asker.node.config.self, ...IDLE, timestamp }
  for (let turn = 0; turn < TURNS; turn++) {
    const answer = await asker.transport.exchange(asked.node.config.self, message)
    message = asker.node.exchange(answer.message, '127.0.0.1')
  }
  const last = counted.at(-1)
  if (last === undefined) throw new Error('no exchange was counted')
  return last
}

/** A proxy that tells the sizes of requests and answers, as they are on the wire. */
function countingProxy(counted: (there: Size, back: Size) => void) {
  let target = ''
  const server = createServer(async (incoming, outgoing) => {
    const { method, url = '/', rawHeaders } = incoming
    const body = await bodyOf(incoming)
    const asked = forward(target + url, { method, headers: rawHeaders, agent: false })
    asked.on('response', async (answer) => {
      const answered = await bodyOf(answer)
      const line = `${method} ${url} HTTP/1.1`
      const status = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`
      counted(sizeOf(line, rawHeaders, body), sizeOf(status, answer.rawHeaders, answered))
      outgoing.writeHead(answer.statusCode ?? 500, answer.rawHeaders).end(answered)
    })
    asked.on('error', () => outgoing.destroy())
    asked.end(body)
  })
  return {
    async to(url: string): Promise<string> {
      target = url
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Each name and value has four bytes more on its line; lines end with two, and so does the head. */
const sizeOf = (line: string, rawHeaders: readonly string[], body: Buffer): Size => ({
  body: body.byteLength,
  head:
    line.length +
    rawHeaders.reduce((sum, text) => sum + text.length, 0) +
    (rawHeaders.length / 2) * 4 +
    4,
})

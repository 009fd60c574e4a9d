import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { ErrorCode } from '../../../src/core/errors.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { httpTransport } from '../../../src/transport/client.ts'
import { withCode } from '../../support/errors.ts'

const OK = 'HTTP/1.1 200 OK\r\ngrove-protocol: 1\r\n'
const bomb = gzipSync(Buffer.alloc(10_000_000))

/** A text piece by piece, for ever: the other side has to end it. */
function drip(socket: Socket, piece: string): void {
  const timer = setInterval(() => socket.write(piece), 20)
  socket.on('close', () => clearInterval(timer))
}

/** What a peer answers to each request, and what becomes of the call. */
const answers: Readonly<
  Record<string, readonly [code: ErrorCode, answer: (socket: Socket) => void]>
> = {
  'headers a byte at a time': [
    'peer-too-slow',
    (socket) => {
      socket.write(`${OK}x: `)
      drip(socket, 'x')
    },
  ],
  'a status line a byte at a time': [
    'peer-too-slow',
    (socket) => {
      socket.write('HTTP/1.1 200 ')
      drip(socket, 'x')
    },
  ],
  'interim answers for ever': [
    'peer-fault',
    (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'),
  ],
  'a body a byte at a time': [
    'peer-too-slow',
    (socket) => {
      socket.write(`${OK}content-length: 30000\r\n\r\n`)
      drip(socket, 'x')
    },
  ],
  'chunks of a byte': [
    'peer-too-slow',
    (socket) => {
      socket.write(`${OK}transfer-encoding: chunked\r\n\r\n`)
      drip(socket, '1\r\nx\r\n')
    },
  ],
  'an extension of a chunk without end': [
    'peer-too-slow',
    (socket) => {
      socket.write(`${OK}transfer-encoding: chunked\r\n\r\n1;`)
      drip(socket, 'x')
    },
  ],
  'trailers without end': [
    'peer-too-slow',
    (socket) => {
      socket.write(`${OK}transfer-encoding: chunked\r\n\r\n0\r\nx: `)
      drip(socket, 'x')
    },
  ],
  'headers that are too large': [
    'peer-fault',
    (socket) => void socket.write(`${OK}x: ${'x'.repeat(40_000)}`),
  ],
  'many headers': ['peer-fault', (socket) => void socket.write(OK + 'x: y\r\n'.repeat(20_000))],
  'a compressed bomb': [
    'peer-fault',
    (socket) => {
      socket.write(`${OK}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`)
      socket.write(bomb)
    },
  ],
  'a bomb in another encoding': [
    'peer-fault',
    (socket) => {
      socket.write(`${OK}content-encoding: identity, br\r\ncontent-length: 4\r\n\r\nxxxx`)
    },
  ],
  'a compressed transfer': [
    'peer-fault',
    (socket) => {
      socket.write(`${OK}transfer-encoding: gzip, chunked\r\n\r\n${bomb.length.toString(16)}\r\n`)
      socket.write(bomb)
      socket.write('\r\n0\r\n\r\n')
    },
  ],
  'a redirect into this machine': [
    'peer-fault',
    (socket) => {
      socket.write('HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n')
    },
  ],
  'two lengths': [
    'peer-fault',
    (socket) => {
      socket.write(`${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`)
    },
  ],
  'an upgrade': [
    'peer-unreachable',
    (socket) => {
      socket.write('HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')
    },
  ],
}

for (const [what, [code, answer]] of Object.entries(answers))
  test(`a peer that answers with ${what} ends the call: ${code}`, async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => answer(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const patienceMs = code === 'peer-too-slow' ? 300 : 300_000
    const transport = httpTransport({
      ...{ allowPrivate: true, clock: systemClock, connectTimeoutMs: 300_000 },
      ...{ headersTimeoutMs: patienceMs, idleTimeoutMs: patienceMs },
      minimumRate: { bytesPerSecond: 10_000, windowMs: patienceMs },
    })
    t.after(() => transport.close().then(() => server.close()))
    const peer = { peerId: 'peer', address: `http://127.0.0.1:${port}` }

    await assert.rejects(transport.identity(peer), withCode(code))
  })

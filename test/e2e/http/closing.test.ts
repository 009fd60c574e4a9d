import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { bind } from '../../../src/api/http/server.ts'
import { serveNode } from '../../support/serve-node.ts'

/** A connection on which a request has begun. */
async function begun(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  await new Promise<void>((resolve) => socket.write(text, () => resolve()))
  return socket
}

/** All that comes on a connection until it ends. */
async function restOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  socket.on('error', () => {})
  await once(socket, 'close')
  return text
}

test('a closing server ends what is under way, refuses what is new, and then ends each connection', async () => {
  await using grove = await serveNode()
  const upload = await begun(
    grove.port,
    'POST /api/blobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n12345',
  )
  const late = await begun(grove.port, 'GET /readyz HTTP/1.1\r\nhost: localhost\r\n')
  const stream = await begun(
    grove.port,
    'GET /api/events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n',
  )
  // Answered on its own connection: the server has read what came before on the others.
  assert.equal((await fetch(`${grove.url}/readyz`)).status, 200)

  const stopped = grove.stop(10_000)
  late.write('\r\n')
  stream.write('\r\n')
  const [refused, cut] = await Promise.all([restOf(late), restOf(stream)])
  upload.write('67890')
  const uploaded = await restOf(upload)
  await stopped

  assert.match(refused, /^HTTP\/1.1 503 .*connection: close\r\n.*"shutting-down"/is)
  assert.equal(cut, '', 'a browser reconnects after a cut, and never after a 503')
  assert.match(uploaded, /^HTTP\/1.1 201 .*connection: close\r\n/is)
})

test('a starting server cuts streams of events, and tells others to come again', async () => {
  const bound = await bind({ host: '127.0.0.1', port: 0 })
  const headers = 'HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n'

  const stream = await begun(
    bound.port,
    `GET /api/events ${headers}accept: text/event-stream\r\n\r\n`,
  )
  const other = await begun(bound.port, `GET /api/grove ${headers}\r\n`)

  assert.equal(await restOf(stream), '')
  assert.match(await restOf(other), /^HTTP\/1.1 503 .*retry-after: 1\r\n/is)
  await bound.close()
})

test('closing a grove of a library waits until all is closed, also with nothing else to do', async () => {
  const program = `
    import { openGrove } from './src/index.ts'
    const grove = await openGrove({ listen: { host: '127.0.0.1', port: 0 } })
    const answer = await fetch(\`\${grove.url}/api/events\`)
    const ended = answer.text().catch(() => {})
    await grove.close()
    await ended
    console.log('closed')`

  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { cwd: join(import.meta.dirname, '../../..'), timeout: 30_000 },
  )

  assert.equal(stdout, 'closed\n')
})

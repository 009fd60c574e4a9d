import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { publish } from '../../../src/node/publish.ts'
import { plainDraft } from '../../support/http.ts'
import { type ServedNode, serveNode } from '../../support/serve-node.ts'
import { until } from '../../support/until.ts'

const CROWD = 60
/** What `GET /api/resolve/…` costs the one thread that answers. */
const COST_MS = 5
const DEAR = '/api/resolve/abcd'

/** A connection that the server has accepted. */
async function connected(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {})
  assert.equal(await answerOn(socket, '/healthz'), 200)
  return socket
}

const requestOf = (path: string) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`

const ask = (socket: Socket, path: string) => socket.write(requestOf(path))

async function answerOn(socket: Socket, path: string): Promise<number> {
  ask(socket, path)
  const [head] = (await once(socket, 'data')) as [Buffer]
  return Number(String(head).split(' ')[1])
}

/** A grove that lists four works of 900 KB, and how often they were listed. */
async function withLongList() {
  const grove = await serveNode()
  const context = { text: 'x'.repeat(900_000) }
  for (let n = 0; n < 4; n++)
    await publish(grove.node, { ...plainDraft, context, summary: `work ${n}` })
  let lists = 0
  const list = grove.node.index.list.bind(grove.node.index)
  grove.node.index.list = (...asked) => {
    lists++
    return list(...asked)
  }
  return { grove, lists: () => lists, [Symbol.asyncDispose]: () => ended(grove) }
}

/** A grove, one caller and a crowd that is about to ask for what is dear. */
async function crowded(caller: string) {
  const grove = await serveNode()
  let asked = 0
  grove.node.contributions.resolve = async () => {
    asked++
    const end = performance.now() + COST_MS
    while (performance.now() < end);
    return []
  }
  const polite = await connected(grove.port, caller)
  const crowd = await Promise.all(Array.from({ length: CROWD }, () => connected(grove.port)))
  return { grove, polite, crowd, asked: () => asked, [Symbol.asyncDispose]: () => ended(grove) }
}

const ended = (grove: ServedNode) => grove[Symbol.asyncDispose]()

test('a caller of another host is answered while a crowd waits', {
  skip: process.platform === 'darwin' && 'loopback has one address there',
}, async () => {
  await using there = await crowded('127.0.0.2')

  for (const socket of there.crowd) ask(socket, DEAR)

  assert.equal(await answerOn(there.polite, DEAR), 404)
  assert.ok(there.asked() < CROWD / 2, `${there.asked()} of the crowd came first`)
})

test('health is told while a crowd waits', async () => {
  await using there = await crowded('127.0.0.1')

  for (const socket of there.crowd) ask(socket, DEAR)

  assert.equal(await answerOn(there.polite, '/healthz'), 200)
  assert.ok(there.asked() < CROWD / 2, `${there.asked()} of the crowd came first`)
})

test('what nobody waits for any more is not run', async () => {
  await using there = await crowded('127.0.0.1')

  for (const socket of there.crowd) ask(socket, DEAR)
  await answerOn(there.polite, '/healthz')
  for (const socket of there.crowd) socket.destroy()

  // Its turn comes after those of the crowd.
  assert.equal(await answerOn(there.polite, DEAR), 404)
  assert.ok(there.asked() < CROWD / 2, `${there.asked()} were run`)
})

test('lists that nobody reads are held a few at a time, and nobody else waits for them', {
  skip: process.platform === 'darwin' && 'loopback has one address there',
}, async () => {
  await using there = await withLongList()
  const list = '/api/contributions?limit=100'
  const crowd = await Promise.all(Array.from({ length: 30 }, () => connected(there.grove.port)))
  const polite = await connected(there.grove.port, '127.0.0.2')

  for (const socket of crowd) ask(socket.pause(), list)
  let received = 0
  polite.on('data', ({ byteLength }) => {
    received += byteLength
  })
  ask(polite, list)
  await until('the whole list', () => received > 3_600_000)

  // 18 have a row each in the room of a host; the system takes a few whole.
  assert.ok(there.lists() <= 24, `${there.lists()} lists are held`)
  for (const socket of crowd) socket.destroy()
})

test('what is asked behind an answer that nobody takes is not begun, and ends with its connection', async () => {
  await using there = await withLongList()
  const socket = await connected(there.grove.port)
  const polite = await connected(there.grove.port)
  socket.pause()

  socket.write(requestOf('/api/contributions?limit=100').repeat(16))
  await until('the requests to come', () => there.grove.live() >= 12)
  assert.equal(await answerOn(polite, '/healthz'), 200)
  const begun = there.lists()
  socket.destroy()
  await until('nothing to be under way', () => there.grove.live() === 0)

  // The system takes a few whole.
  assert.ok(begun <= 4, `${begun} lists are begun`)
  assert.ok(there.lists() <= 4, `${there.lists()} lists were begun`)
})

test('requests that are sent at once on one connection are answered in their order', async () => {
  await using grove = await serveNode()
  const socket = connect({ port: grove.port, host: '127.0.0.1' })
  let received = ''
  socket.on('data', (bytes) => {
    received += bytes
  })

  socket.write(['/healthz', '/api/nothing', '/readyz', '/healthz'].map(requestOf).join(''))
  await until('four answers', () => (received.match(/HTTP\/1\.1 \d+/g) ?? []).length === 4)
  socket.destroy()

  assert.deepEqual(
    received.match(/HTTP\/1\.1 \d+/g),
    [200, 404, 200, 200].map((status) => `HTTP/1.1 ${status}`),
  )
})

test('a connection on which more wait than any client sends is cut, and the log says why', async () => {
  const told: string[] = []
  const lives: number[] = []
  const warn = (message: string) => {
    told.push(message)
    lives.push(grove.live())
  }
  const grove = await serveNode(undefined, { warn })
  await using _ended = grove
  const unanswered = Promise.withResolvers<never[]>()
  grove.node.contributions.resolve = () => unanswered.promise
  const socket = connect({ port: grove.port, host: '127.0.0.1' }).on('error', () => {})

  socket.write(requestOf(DEAR).repeat(2_000))
  await until('the cut', () => socket.closed)
  unanswered.resolve([])
  await until('nothing to be under way', () => grove.live() === 0)

  assert.deepEqual(told, [
    'a connection was cut: too many requests waited on it for answers to others',
  ])
  assert.deepEqual(lives, [17])
  assert.equal(await answerOn(await connected(grove.port), '/healthz'), 200)
  assert.deepEqual(grove.logged, [])
})

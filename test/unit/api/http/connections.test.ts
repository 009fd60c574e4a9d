import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { AnswerRoom } from '../../../../src/api/http/answer-room.ts'
import {
  CONNECTIONS_MAX,
  Connections,
  type ConnectionUse,
  connectionsFor,
} from '../../../../src/api/http/connections.ts'
import { Movement } from '../../../../src/api/http/movement.ts'
import { standingClock } from '../../../support/standing-clock.ts'

const MIB = 1024 * 1024

/** A socket that moves as many bytes as a test says. */
class Counted extends EventEmitter {
  bytesRead = 0
  bytesWritten = 0
  writableLength = 0
  isCut = false
  readonly remoteAddress: string
  constructor(remoteAddress = '192.0.2.1') {
    super()
    this.remoteAddress = remoteAddress
  }
  destroy() {
    this.isCut = true
    this.emit('close')
  }
}

const newSocket = (address?: string) => new Counted(address) as Counted & Socket

/** A server's connections, of which at most 8 are open. */
function newConnections() {
  const { clock, move } = standingClock()
  const connections = new Connections({ most: 8, now: clock.now })
  const open = (address: string, use: ConnectionUse = 'work') => {
    const socket = newSocket(address)
    connections.add(socket)
    const connection = connections.of(socket)
    if (connection !== undefined) connections.use(connection, use)
    move(1)
    return socket
  }
  return { connections, open, move }
}

test('connections leave half of the descriptors to files and calls', () => {
  assert.equal(connectionsFor(512), 256)
  assert.equal(connectionsFor(1_048_576), CONNECTIONS_MAX)
  assert.equal(connectionsFor(undefined), CONNECTIONS_MAX)
})

test('where connections run out, the host that has most loses the longest idle one', () => {
  const { open } = newConnections()
  const others = ['192.0.2.8', '192.0.2.9'].map((address) => open(address, 'idle'))
  const crowd = ['work', 'idle', 'idle', 'work'].map((use) =>
    open('192.0.2.1', use as ConnectionUse),
  )

  open('192.0.2.7')

  assert.deepEqual(
    crowd.map(({ isCut }) => isCut),
    [false, true, false, false],
  )
  assert.deepEqual(
    others.map(({ isCut }) => isCut),
    [false, false],
  )
})

test('without an idle one it loses the slowest body, then the oldest stream of events', () => {
  const { open } = newConnections()
  const uses: ConnectionUse[] = ['listening', 'listening', 'body', 'body', 'work', 'work']
  const crowd = uses.map((use) => open('192.0.2.1', use))
  const cut = () => crowd.flatMap(({ isCut }, at) => (isCut ? [at] : []))
  Object.assign(crowd[2] ?? {}, { bytesRead: 1_000 })
  const found = []

  for (let more = 0; more < 4; more++) {
    open(`192.0.2.${10 + more}`)
    found.push(cut().join())
  }

  assert.deepEqual(found, ['3', '2,3', '0,2,3', '0,1,2,3'])
})

test('streams of events of one host fill half of the connections at most', () => {
  const { connections, open } = newConnections()

  const enough = [1, 2, 3, 4].map(() => {
    open('192.0.2.1', 'listening')
    return connections.listensEnough('192.0.2.1')
  })

  assert.deepEqual(enough, [false, false, false, true])
  assert.equal(connections.listensEnough('192.0.2.2'), false)
})

/** Seconds until a body that moves at this rate is cut; undefined if it goes on for an hour. */
function cutAfter(bytesPerSecond: number, isCrowded = false): number | undefined {
  const { clock, move } = standingClock()
  const socket = newSocket()
  new Movement({ socket, clock, isCrowded: () => isCrowded }).expect()
  for (let second = 1; second <= 3_600; second++) {
    socket.bytesRead += bytesPerSecond
    move(1_000)
    if (socket.isCut) return second
  }
  return undefined
}

test('a body has to move, and faster where connections are scarce', () => {
  assert.equal(cutAfter(0), 30)
  assert.equal(cutAfter(3 * 1024), 30)
  assert.equal(cutAfter(5 * 1024), undefined)
  assert.equal(cutAfter(3 * 1024, true), 10)
  assert.equal(cutAfter(20 * 1024, true), 40)
  assert.equal(cutAfter(64 * 1024, true), undefined)
})

test('bytes that only wait in a queue have not moved', () => {
  const { clock, move } = standingClock()
  const socket = newSocket()
  new Movement({ socket, clock, isCrowded: () => false }).expect()

  socket.bytesWritten = 64 * MIB
  socket.writableLength = 64 * MIB
  for (let window = 0; window < 3; window++) move(10_000)

  assert.equal(socket.isCut, true)
})

test('a stream of events may be silent, but what it says has to be read', () => {
  const { clock, move } = standingClock()
  const [silent, unread, slow] = [newSocket(), newSocket(), newSocket()]
  for (const socket of [silent, unread, slow])
    new Movement({ socket, clock, isCrowded: () => true }).expectReading()

  for (const socket of [unread, slow]) Object.assign(socket, { writableLength: 1_000 })
  for (let window = 0; window < 4; window++) {
    slow.bytesWritten += 1
    move(10_000)
  }

  assert.deepEqual([silent.isCut, unread.isCut, slow.isCut], [false, true, false])
})

/** Room for answers, and how often it told that there is some. */
function newRoom() {
  const { clock, move } = standingClock()
  const told = { times: 0 }
  const room = new AnswerRoom({ clock, onRoom: () => void told.times++ })
  return { room, move, told }
}

test('a host whose answers are not read waits, others do not', () => {
  const { room, told } = newRoom()

  const release = room.take('a', 20 * MIB, newSocket())

  assert.deepEqual([room.mayBegin('a'), room.mayBegin('b')], [false, true])
  release()
  assert.equal(told.times, 1)
  assert.equal(room.mayBegin('a'), true)
})

test('where all room is taken, everybody waits', () => {
  const { room } = newRoom()

  for (let host = 0; host < 4; host++) room.take(`h${host}`, 16 * MIB, newSocket())

  assert.equal(room.mayBegin('other'), false)
})

test('who does not read is cut while others wait, and only then', () => {
  const { room, move } = newRoom()
  const [still, slow] = [newSocket(), newSocket()]
  for (const socket of [still, slow]) room.take('a', 10 * MIB, socket)
  const pass = () => {
    for (let look = 0; look < 8; look++) {
      slow.bytesWritten += 1
      move(500)
      room.mayBegin('b')
    }
  }

  pass()
  assert.equal(still.isCut, false)
  room.mayBegin('a')
  for (let look = 0; look < 8; look++) {
    slow.bytesWritten += 1
    move(500)
    room.mayBegin('a')
  }

  assert.deepEqual([still.isCut, slow.isCut], [true, false])
})

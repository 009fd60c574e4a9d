import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BufferPool } from '../../../src/concurrency/buffer-pool.ts'
import { GatheredWrites } from '../../../src/concurrency/gathered-writes.ts'
import { until } from '../../support/until.ts'

/** A source's writes: what was written so far, as texts. */
function writesTo(pool: BufferPool, write: () => Promise<void> = async () => {}) {
  const written: string[] = []
  const writes = new GatheredWrites(pool, {
    async write(bytes) {
      written.push(Buffer.from(bytes).toString())
      await write()
    },
  })
  return { written, writes, add: (text: string) => writes.add(Buffer.from(text)) }
}

test('chunks are gathered into writes of a buffer each, and nothing is lost', async () => {
  const { written, writes, add } = writesTo(new BufferPool({ count: 2, bytes: 4 }))

  for (const text of ['ab', 'cdefghi', '', 'j']) await add(text)
  await writes.flush()

  assert.deepEqual(written, ['abcd', 'efgh', 'ij'])
})

test('who sends nothing gives its buffer to who waits, and goes on later', async () => {
  const pool = new BufferPool({ count: 1, bytes: 4 })
  const trickle = writesTo(pool)
  const busy = writesTo(pool)

  await trickle.add('t')
  await busy.add('busybusy')
  await trickle.add('u')
  await busy.writes.flush()
  await trickle.writes.flush()

  assert.deepEqual(trickle.written, ['t', 'u'])
  assert.deepEqual(busy.written, ['busy', 'busy'])
})

test('a hundred that trickle hold no more buffers than there are', async () => {
  const pool = new BufferPool({ count: 2, bytes: 4 })
  const many = Array.from({ length: 100 }, () => writesTo(pool))

  await Promise.all(many.map(({ add }) => add('x')))
  const busy = writesTo(pool)
  await busy.add('abcd')
  await busy.writes.flush()
  await Promise.all(many.map(({ writes }) => writes.flush()))

  assert.deepEqual(busy.written, ['abcd'])
  assert.ok(many.every(({ written }) => written.join('') === 'x'))
})

test('while all buffers are being written, others wait in their order', async () => {
  const pool = new BufferPool({ count: 1, bytes: 2 })
  const { promise: isWritten, resolve: endWrite } = Promise.withResolvers<void>()
  const first = writesTo(pool, () => isWritten)
  const order: string[] = []
  await first.add('11')

  const others = ['second', 'third'].map(async (name) => {
    const { add, writes } = writesTo(pool)
    await add('22')
    order.push(name)
    await writes.flush()
  })
  await until('others wait', () => pool.isWanted)
  assert.deepEqual(order, [])
  endWrite()
  await Promise.all([...others, first.writes.flush()])

  assert.deepEqual(order, ['second', 'third'])
})

test('a write that fails is told, and its buffer is free again', async () => {
  const pool = new BufferPool({ count: 1, bytes: 2 })
  const failing = writesTo(pool, () => Promise.reject(new Error('the disk is full')))
  await failing.add('11')

  await assert.rejects(failing.writes.flush(), /the disk is full/)

  const { written, writes, add } = writesTo(pool)
  await add('ok')
  await writes.flush()
  assert.deepEqual(written, ['ok'])
})

test('who gives up gives its buffer back', async () => {
  const pool = new BufferPool({ count: 1, bytes: 4 })
  const gone = writesTo(pool)
  await gone.add('go')
  await gone.writes.end()

  const { written, writes, add } = writesTo(pool)
  await add('ok')
  await writes.flush()
  assert.deepEqual([gone.written, written], [[], ['ok']])
})

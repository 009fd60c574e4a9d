import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { LeafCalls } from '../../../../src/node/fetch/leaf-calls.ts'

const never = () => new Promise<never>(() => {})

test('hosts whose questions to leaves are never answered keep no other host waiting', async () => {
  const calls = new LeafCalls()
  const { signal } = new AbortController()
  let asked = 0
  const ask = (host: string) =>
    void calls.run(host, signal, () => {
      asked += 1
      return never()
    })

  for (let n = 0; n < 100; n++) ask('203.0.113.5')
  await setImmediate()
  assert.equal(asked, 16)
  assert.equal(await calls.run('198.51.100.7', signal, async () => 'absent'), 'absent')

  for (let n = 0; n < 1_000; n++) ask(`192.0.2.${n % 10}`)
  await setImmediate()
  assert.equal(asked, 64, 'of all hosts')
})

test('a place that becomes free goes to the host with the fewest, and to nobody who has left', async () => {
  const calls = new LeafCalls()
  const { signal } = new AbortController()
  const ends: (() => void)[] = []
  const order: string[] = []
  const ask = (host: string, until = signal) =>
    calls.run(host, until, () => {
      order.push(host)
      return new Promise<void>((resolve) => ends.push(resolve))
    })
  for (let n = 0; n < 64; n++) void ask(`host-${n % 4}`)
  const left = new AbortController()
  const given = ask('who left', left.signal)
  void ask('host-1')
  void ask('other')
  left.abort(new Error('left'))

  await assert.rejects(given, /left/)
  ends[0]?.()
  await setImmediate()
  ends[1]?.()
  await setImmediate()

  assert.deepEqual(order.slice(64), ['other', 'host-1'])
})

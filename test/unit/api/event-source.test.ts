import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverSentEvents } from '../../../src/api/client/event-stream.ts'

async function read(...chunks: string[]): Promise<string[]> {
  async function* body() {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  const found: string[] = []
  for await (const { data } of serverSentEvents(body())) if (data !== undefined) found.push(data)
  return found
}

test('each event gives its data; comments and other fields give nothing', async () => {
  assert.deepEqual(
    await read('retry: 2000\n\n: still here\n\nevent: sync\ndata: {"a":1}\n\ndata:two\n\n'),
    ['{"a":1}', 'two'],
  )
})

test('an event may arrive in any pieces, even cut within a character', async () => {
  const whole = Buffer.from('data: grün\r\n\r\n')
  async function* bytes() {
    for (const byte of whole) yield Uint8Array.of(byte)
  }
  const found: string[] = []
  for await (const { data } of serverSentEvents(bytes())) found.push(data ?? '')

  assert.deepEqual(found, ['grün'])
})

test('several data lines are one event, and an unfinished event is none', async () => {
  assert.deepEqual(await read('data: a\ndata: b\n\n', 'data: cut'), ['a\nb'])
})

test('an id comes with its event, or alone before the first event', async () => {
  async function* body() {
    yield Buffer.from('retry: 1\nid: a:1\n\nid: a:2\ndata: x\n\ndata: y\n\n')
  }
  const found: object[] = []
  for await (const sent of serverSentEvents(body())) found.push(sent)

  assert.deepEqual(found, [
    { id: 'a:1', data: undefined },
    { id: 'a:2', data: 'x' },
    { id: undefined, data: 'y' },
  ])
})

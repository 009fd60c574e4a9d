import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { Pipelines } from '../../../../src/api/http/pipelines.ts'

test('answers that wait end one after another with their connection, none within another', async () => {
  const socket = new Socket()
  const pipelines = new Pipelines(() => {})
  let depth = 0
  const depths: number[] = []
  const asked = Array.from({ length: 10 }, () => {
    const incoming = new IncomingMessage(socket)
    const outgoing = new ServerResponse(incoming)
    const emit = outgoing.emit.bind(outgoing)
    outgoing.emit = (...event: Parameters<typeof emit>) => {
      depths.push(++depth)
      const isHeard = emit(...event)
      depth--
      return isHeard
    }
    return { outgoing, behind: pipelines.behind(incoming, outgoing) }
  })

  socket.destroy()
  asked[0]?.outgoing.emit('close')
  await Promise.all(asked.map(({ behind }) => behind))

  // The first, which Node closes, has the others closed.
  assert.deepEqual(depths, [1, ...Array(9).fill(2)])
})

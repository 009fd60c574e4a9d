import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { answerUnparsed, cutLater } from '../../../../src/api/http/unparsed.ts'
import { standingClock } from '../../../support/standing-clock.ts'

/** A socket whose other side reads, and never hangs up. */
function staying() {
  const answer: string[] = []
  const socket = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      answer.push(String(chunk))
      done()
    },
  })
  return { socket, answer }
}

test('who is hung up on and does not hang up in turn is cut', () => {
  const { clock, move } = standingClock()
  const { socket, answer } = staying()

  answerUnparsed(Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket)
  cutLater(socket, clock)
  move(4_000)
  const { destroyed } = socket
  move(4_000)

  assert.match(answer.join(''), /^HTTP\/1\.1 408 /)
  assert.ok(!destroyed, 'it may read the answer')
  assert.ok(socket.destroyed)
})

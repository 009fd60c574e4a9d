import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  TRANSFERS_MAX_ASKED_PER_HOST,
  TRANSFERS_MAX_PER_HOST,
} from '../../../../src/core/limits.ts'
import { UNTOLD_HOSTS } from '../../../../src/core/peers/hosts.ts'
import { TransferSlots } from '../../../../src/node/transfer/transfer-slots.ts'
import { systemClock } from '../../../../src/runtime/clock.ts'
import { work } from '../../../support/peer.ts'

test('a caller that leaves makes room for what another asked for at the same host', async () => {
  const slots = new TransferSlots({ clock: systemClock, hosts: UNTOLD_HOSTS })
  const ended = new AbortController()
  const enter = (name: string) =>
    slots.enter(
      {
        hash: work(name).cid,
        address: 'http://10.0.0.1:4515',
        sizeBytes: () => 1,
        displace: () => {},
      },
      ended.signal,
    )
  const asked = Array.from({ length: TRANSFERS_MAX_ASKED_PER_HOST }, (_, n) => `asked ${n}`)
  const leaving = asked.map((name) => slots.wantedByCaller(work(name).cid))
  await Promise.all(asked.map(enter))
  for (let n = asked.length; n < TRANSFERS_MAX_PER_HOST; n++) await enter(`unasked ${n}`)
  slots.wantedByCaller(work('late').cid)
  let isIn = false
  const late = enter('late').then((slot) => {
    isIn = true
    return slot
  })
  await Promise.resolve()
  assert.equal(isIn, false)

  leaving[0]?.()
  setImmediate(() => ended.abort())

  await late
})

import type { AttackJob } from '../hostile/attack.ts'
import { floods, hostiles } from '../hostile/messages.ts'

/** Messages under way at once. */
const AT_ONCE = 8
const WARM_UP_MS = 500

/** A process that sends one hostile message without end, as fast as it is answered. */
process.on('message', ({ what, target }: AttackJob) => {
  const hostile = [...hostiles, ...floods].find((one) => one.what === what)
  if (hostile === undefined) throw new Error(`there is no such message: ${what}`)
  const { signal } = new AbortController()
  let round = 0
  const goOn = async () => {
    for (;;) await hostile.send(target, signal, round++)
  }
  for (let one = 0; one < AT_ONCE; one++) void goOn()
  setTimeout(() => process.send?.('under way'), WARM_UP_MS)
})

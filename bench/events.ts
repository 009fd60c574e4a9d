import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark } from './lab/benchmark.ts'
import { Load } from './lab/load.ts'
import { comparison, cpuComparison, repetitions } from './lab/report.ts'
import { publishRequest, sampleDraft } from './lab/samples.ts'
import { type GroveProcess, since, type Workbench } from './lab/workbench.ts'

const LISTENERS = 500
const QUICK_LISTENERS = 20
const CONNECTIONS = 16
const RATIO_MIN = 0.7
/** The shortest frame of an event is longer than this. */
const EVENT_MIN_BYTES = 100
const DELIVERY_MAX_MS = 30_000
const POLL_MS = 50

/** One grove publishes in turns with listeners and without. Its baseline is without. */
export const benchmark: Benchmark = {
  about: 'publishes while hundreds listen to events, and without them',
  scale: { option: 'count', of: 'publishes', usual: 4_000 },
  takes: '20 s',
  async run(bench, { amount, repeat, quick }) {
    const listeners = quick ? QUICK_LISTENERS : LISTENERS
    const load = new Load(bench)
    const grove = await bench.serve(bench.path('events'), '--sync', 'off')
    const publish = publisher(load, grove, amount)
    await publish()
    const turns: Turn[] = []
    for (let turn = 0; turn < repeat; turn++) {
      const without = await publish()
      const child = await listenersOf(bench, grove, listeners)
      const heard = await publish()
      await untilDelivered(child, amount)
      await stop(child)
      turns.push({ heard, without })
    }
    await grove.stop()
    const without = 'the same without listeners'
    return {
      how: [
        `${amount} publishes over ${CONNECTIONS} connections, beside ${listeners} listeners in a`,
        'process of their own. Each of them got them all.',
        repetitions(repeat),
      ],
      rows: [
        comparison(
          turns,
          { figure: 'publishes', unit: '/s', aim: { least: RATIO_MIN, of: 'ratio' } },
          ({ heard }) => heard.rate,
          { what: without, value: (turn) => turn.without.rate },
        ),
        ...cpuComparison(
          turns,
          { figure: 'processor time of a publish', unit: 'µs' },
          ({ heard }) => heard.cpuUs,
          { what: without, value: (turn) => turn.without.cpuUs ?? Number.NaN },
        ),
      ],
    }
  },
}

interface Published {
  /** A second. */
  readonly rate: number
  /** The grove's processor time for one. */
  readonly cpuUs: number | undefined
}

interface Turn {
  readonly heard: Published
  readonly without: Published
}

function publisher(load: Load, grove: GroveProcess, count: number): () => Promise<Published> {
  let number = 0
  return async () => {
    const requests = Array.from({ length: count }, () => publishRequest(sampleDraft(number++)))
    const before = grove.cpuSeconds()
    const { seconds } = await load.requests(grove.url, CONNECTIONS, requests)
    const cpu = since(before, grove.cpuSeconds())
    return { rate: count / seconds, cpuUs: cpu === undefined ? undefined : (cpu * 1e6) / count }
  }
}

async function listenersOf(bench: Workbench, { url }: GroveProcess, listeners: number) {
  const child = bench.fork('listeners-process.ts')
  child.send({ origin: url, listeners })
  await once(child, 'message')
  return child
}

/** Waits until all listeners have got equally much, and no less than so many events take. */
async function untilDelivered(child: ChildProcess, events: number): Promise<void> {
  const deadline = performance.now() + DELIVERY_MAX_MS
  for (;;) {
    child.send('tell')
    const [{ bytes }] = (await once(child, 'message')) as [{ bytes: number[] }]
    const [least, most] = [Math.min(...bytes), Math.max(...bytes)]
    if (least === most && least >= events * EVENT_MIN_BYTES) return
    if (performance.now() > deadline)
      throw new Error(`listeners got from ${least} to ${most} bytes of ${events} events`)
    await sleep(POLL_MS)
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

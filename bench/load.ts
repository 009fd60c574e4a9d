import { writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { groveClient } from '../src/api/client/http-client.ts'
import { systemClock } from '../src/runtime/clock.ts'
import { startBareServer } from './lab/baselines.ts'
import type { Benchmark } from './lab/benchmark.ts'
import { percentile } from './lab/figures.ts'
import { sampleText } from './lab/samples.ts'
import { type Transfer, type TransfersJob, transfer } from './lab/transfers.ts'
import type { Workbench } from './lab/workbench.ts'

const DOWNLOADS = 64
const UPLOADS = 16
const HEALTH_MAX_MS = 20
const MEMORY_MAX_MB = 200
const MEMORY_UNIT_BYTES = 1_000_000

/** Its baseline is the same health of the grove while a plain server carries the load. */
export const benchmark: Benchmark = {
  about: 'health and memory beside 64 downloads and 16 uploads at once',
  scale: { option: 'size', of: 'each artifact', usual: 64 * 1024 * 1024 },
  takes: '60 s',
  async run(bench, { amount }) {
    const file = bench.path('artifact')
    const content = Buffer.alloc(amount, sampleText(0, 4_096))
    await writeFile(file, content)
    const grove = await bench.serve(bench.path('load'), '--sync', 'off')
    const client = groveClient(grove.url, systemClock)
    const { hash } = await client.uploadBlob(content)
    await client.close()
    const bare = await startBareServer(bench)

    const control = await healthBeside(bench, grove.url, {
      origin: bare,
      downloads: many(DOWNLOADS, () => ({ method: 'GET', path: '/', headers: { file } })),
      uploads: many(UPLOADS, () => ({
        method: 'PUT',
        path: '/',
        headers: { file: bench.path('uploaded') },
      })),
      sizeBytes: amount,
    })
    const loaded = await healthBeside(bench, grove.url, {
      origin: grove.url,
      downloads: many(DOWNLOADS, () => ({ method: 'GET', path: `/api/blobs/${hash}` })),
      uploads: many(UPLOADS, () => ({ method: 'POST', path: '/api/blobs' })),
      sizeBytes: amount,
    })
    const peak = grove.peakMemoryBytes()
    await grove.stop()
    const moved = ((DOWNLOADS + UPLOADS) * amount) / 2 ** 20
    const same = 'while a node:http server that streams files carries the same load'
    return {
      how: [
        `${DOWNLOADS} downloads and ${UPLOADS} uploads of ${amount / 2 ** 20} MiB each, all at once,`,
        'from a process of their own; another connection asks for GET /healthz without a pause.',
      ],
      rows: [
        {
          figure: 'GET /healthz, 99 %',
          unit: 'ms',
          value: loaded.healthMs,
          baseline: { what: same, value: control.healthMs },
          aim: { most: HEALTH_MAX_MS },
        },
        {
          figure: 'moved, both ways',
          unit: 'MiB/s',
          value: moved / loaded.seconds,
          baseline: { what: same, value: moved / control.seconds },
        },
        ...(peak === undefined
          ? []
          : [
              {
                figure: 'peak memory',
                unit: 'MB',
                value: peak / MEMORY_UNIT_BYTES,
                aim: { most: MEMORY_MAX_MB },
              },
            ]),
      ],
    }
  },
}

const many = (count: number, make: () => Transfer): Transfer[] =>
  Array.from({ length: count }, make)

/** Asks the grove for its health, over and over, while a load goes on. */
async function healthBeside(
  bench: Workbench,
  url: string,
  job: TransfersJob,
): Promise<{ readonly healthMs: number; readonly seconds: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const found: number[] = []
  let isOver = false
  const asking = (async () => {
    while (!isOver) found.push(await healthOf(url, agent))
  })()
  const seconds = await transfer(bench, job)
  isOver = true
  await asking
  agent.destroy()
  return { healthMs: percentile(found, 99), seconds }
}

function healthOf(url: string, agent: Agent): Promise<number> {
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    get(`${url}/healthz`, { agent }, (incoming) => {
      incoming.resume().once('end', () => resolve(performance.now() - begun))
    }).once('error', reject)
  })
}

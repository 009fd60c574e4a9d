import { execFile, spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { open, rm, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Cid } from '../src/core/cid.ts'
import type { ContributionView } from '../src/core/contribution/schema.ts'
import type { FetchResult } from '../src/core/wire/fetch.ts'
import { startBareServer } from './lab/baselines.ts'
import type { Benchmark } from './lab/benchmark.ts'
import { Load } from './lab/load.ts'
import { comparison, cpuComparison, type Figure, type Row, repetitions } from './lab/report.ts'
import { multipartFrame, sampleDraft } from './lab/samples.ts'
import { type GroveProcess, since, type Workbench } from './lab/workbench.ts'

const NAME = 'weights.bin'
const MIB = 2 ** 20
/** The aim for the memory of a server through which a large artifact goes. */
const MEMORY_MAX_MIB = 250
/** The aim for a fetch, as a share of the rate of an unverified download. */
const FETCH_RATIO_MIN = 0.9
const hasCurl = spawnSync('curl', ['--version']).status === 0
const run = promisify(execFile)

/** Its baselines move the same bytes by the same HTTP client, unverified. */
export const benchmark: Benchmark = {
  about: 'one large artifact: published, fetched from a peer; peak memory',
  scale: { option: 'size', of: 'the artifact', usual: 2 ** 30 },
  takes: '2 min',
  async run(bench, { amount, repeat }) {
    const load = new Load(bench)
    const bare = await startBareServer(bench)
    const file = bench.path('artifact')
    await writeRandom(file, amount)
    const turns: Turn[] = []
    for (let turn = 0; turn < repeat; turn++)
      turns.push(await oneTurn({ bench, load, bare, file }, turn))
    await rm(file)
    const size = `${Math.round(amount / MIB)} MiB`
    return {
      how: [
        `One artifact of ${size}, published to A as multipart, and fetched by B.`,
        'It was also downloaded from A to a file, unverified, by undici and by curl (if there is one).',
        repetitions(repeat),
      ],
      rows: rowsOf(turns, `one artifact of ${size}`, (seconds) => amount / MIB / seconds),
    }
  },
}

/** What one repetition measured. */
interface Turn {
  readonly uploadSeconds: number
  readonly bareUploadSeconds: number
  readonly fetch: Took
  /** Downloads to a file, with and without a sync to the disk. */
  readonly synced: Took
  readonly unsynced: Took
  /** By curl, then synced; undefined where there is no curl. */
  readonly curl: Took | undefined
  readonly memoryA: number | undefined
  readonly memoryB: number | undefined
}

/** How long a side took, and the processor time of its receiver. */
interface Took {
  readonly seconds: number
  readonly cpuSeconds: number | undefined
}

function rowsOf(turns: readonly Turn[], one: string, rateOf: (seconds: number) => number): Row[] {
  const fetched = { figure: `${one}, A → B, verified and on the disk`, unit: 'MiB/s' }
  const fetchRate = (turn: Turn) => rateOf(turn.fetch.seconds)
  const download = 'the same from A to a file by undici, unverified'
  return [
    comparison(turns, { ...fetched, aim: { least: FETCH_RATIO_MIN, of: 'ratio' } }, fetchRate, {
      what: `${download}, then synced to the disk`,
      value: (turn) => rateOf(turn.synced.seconds),
    }),
    comparison(turns, fetched, fetchRate, {
      what: `${download}, not synced`,
      value: (turn) => rateOf(turn.unsynced.seconds),
    }),
    ...curlRow(turns, fetched, rateOf),
    comparison(
      turns,
      { figure: `${one}, published to A as multipart`, unit: 'MiB/s' },
      (turn) => rateOf(turn.uploadSeconds),
      {
        what: 'PUT to a node:http server that writes and syncs it, unverified',
        value: (turn) => rateOf(turn.bareUploadSeconds),
      },
    ),
    ...cpuComparison(
      turns,
      { figure: 'processor time of B for the fetch', unit: 's' },
      (turn) => turn.fetch.cpuSeconds,
      {
        what: 'processor time of the downloading process',
        value: (turn) => turn.synced.cpuSeconds ?? Number.NaN,
      },
    ),
    ...memoryRow(
      'peak memory of A: one upload, and the downloads',
      turns.map((turn) => turn.memoryA),
    ),
    ...memoryRow(
      'peak memory of B: one fetch',
      turns.map((turn) => turn.memoryB),
    ),
  ]
}

/** Beside curl; no row where there is none. */
function curlRow(
  turns: readonly Turn[],
  figure: Figure,
  rateOf: (seconds: number) => number,
): Row[] {
  if (turns.some((turn) => turn.curl === undefined)) return []
  return [
    comparison(turns, figure, (turn) => rateOf(turn.fetch.seconds), {
      what: 'the same from A to a file by curl, unverified, then synced to the disk',
      value: (turn) => rateOf(turn.curl?.seconds ?? Number.NaN),
    }),
  ]
}

/** The highest of all repetitions; no row where the system doesn't tell it. */
function memoryRow(figure: string, values: readonly (number | undefined)[]): Row[] {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0
    ? []
    : [
        {
          figure,
          unit: 'MiB',
          value: Math.max(...known) / MIB,
          aim: { most: MEMORY_MAX_MIB },
        },
      ]
}

interface Setting {
  readonly bench: Workbench
  readonly load: Load
  /** The address of the bare server. */
  readonly bare: string
  readonly file: string
}

/**
 * Runs on fresh groves. The sides take turns in going first, since a later one finds the disk busy.
 */
async function oneTurn(setting: Setting, turn: number): Promise<Turn> {
  const { bench } = setting
  const [dirA, dirB] = [bench.path('a'), bench.path('b')]
  const a = await bench.serve(dirA, '--sync', 'off')
  const b = await bench.serve(dirB, '--sync', 'off', '--peer', a.url)
  const { cid, seconds: uploadSeconds } = await publish(setting, a, turn)
  const bareUploadSeconds = await uploadToBare(setting)
  const sides = {
    fetch: () => fetchTo(b, a, cid),
    synced: () => download(setting, a, cid, { sync: true }),
    unsynced: () => download(setting, a, cid, { sync: false }),
    curl: hasCurl ? () => downloadByCurl(setting, a, cid) : undefined,
  }
  const names = ['fetch', 'synced', 'curl', 'unsynced'] as const
  const took: Partial<Record<(typeof names)[number], Took>> = {}
  for (const name of turn % 2 === 0 ? names : names.toReversed()) {
    const side = sides[name]
    if (side !== undefined) took[name] = await side()
  }
  const [memoryA, memoryB] = [a, b].map((grove) => grove.peakMemoryBytes())
  await Promise.all([a.stop(), b.stop()])
  await Promise.all([dirA, dirB].map((dir) => rm(dir, { recursive: true })))
  return {
    uploadSeconds,
    bareUploadSeconds,
    fetch: took.fetch!,
    synced: took.synced!,
    unsynced: took.unsynced!,
    curl: took.curl,
    memoryA,
    memoryB,
  }
}

async function publish(
  { load, file }: Setting,
  to: GroveProcess,
  turn: number,
): Promise<{ cid: Cid; seconds: number }> {
  const frame = multipartFrame(sampleDraft(turn), NAME)
  const { seconds, answer } = await load.upload({
    origin: to.url,
    method: 'POST',
    path: '/api/contributions',
    file,
    ...frame,
  })
  return { cid: (JSON.parse(answer) as ContributionView).cid, seconds }
}

async function uploadToBare({ bench, load, bare, file }: Setting): Promise<number> {
  const headers = { file: bench.path('bare') }
  const job = { origin: bare, method: 'PUT', path: '/', headers, file, head: '', tail: '' } as const
  return (await load.upload(job)).seconds
}

async function fetchTo(to: GroveProcess, from: GroveProcess, cid: Cid): Promise<Took> {
  const cpuBefore = to.cpuSeconds()
  const begun = performance.now()
  const answer = await fetch(`${to.url}/api/contributions/${cid}/fetch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ peer: from.url }),
  })
  const result = (await answer.json()) as FetchResult
  const seconds = (performance.now() - begun) / 1_000
  const cpuSeconds = since(cpuBefore, to.cpuSeconds())
  if (answer.ok && result.missing.length === 0) return { seconds, cpuSeconds }
  throw new Error(`fetch: ${answer.status} ${JSON.stringify(result).slice(0, 500)}`)
}

async function download(
  { bench, load }: Setting,
  from: GroveProcess,
  cid: Cid,
  { sync }: { sync: boolean },
): Promise<Took> {
  const path = `/api/contributions/${cid}/artifacts/${NAME}`
  return load.download({ origin: from.url, path, file: bench.path('download'), sync })
}

async function downloadByCurl({ bench }: Setting, from: GroveProcess, cid: Cid): Promise<Took> {
  const [file, path] = [bench.path('curl'), `/api/contributions/${cid}/artifacts/${NAME}`]
  const begun = performance.now()
  await run('curl', ['-sS', '--fail', '-o', file, `${from.url}${path}`])
  const handle = await open(file)
  await handle.datasync()
  const seconds = (performance.now() - begun) / 1_000
  await handle.close()
  await rm(file)
  return { seconds, cpuSeconds: undefined }
}

/** Writes a file of random bytes, which nothing can compress. */
async function writeRandom(path: string, size: number): Promise<void> {
  const handle = await open(path, 'wx')
  const block = Buffer.allocUnsafe(MIB)
  for (let written = 0; written < size; written += block.byteLength) {
    const part = block.subarray(0, Math.min(block.byteLength, size - written))
    await handle.write(randomFillSync(part))
  }
  await handle.datasync()
  await handle.close()
  if ((await stat(path)).size !== size) throw new Error(`${path} is not ${size} bytes`)
}

import { randomFillSync } from 'node:crypto'
import { open, rm, stat } from 'node:fs/promises'
import type { Cid } from '../../src/core/cid.ts'
import type { ContributionView } from '../../src/core/contribution/schema.ts'
import type { FetchResult } from '../../src/core/wire/fetch.ts'
import { bareServer } from '../baselines.ts'
import type { Load } from '../load-client.ts'
import type { Options } from '../options.ts'
import { inTurns, processorRow, type Report, type Row } from '../report.ts'
import { multipartFrame, sampleDraft } from '../samples.ts'
import { type GroveProcess, since, type Workbench } from '../workbench.ts'

const NAME = 'weights.bin'
const MIB = 2 ** 20
/** The bound for a server through which a large artifact goes. */
const MEMORY_MAX_MIB = 250
/** Federated fetch against an unverified download. */
const FETCH_RATIO_MIN = 0.9

/** One repetition, in seconds; memory in MiB. */
interface Round {
  readonly upload: number
  readonly bareUpload: number
  readonly fetch: number
  readonly synced: number
  readonly unsynced: number
  /** Processor time of B for the fetch, and of the load process for the synced download. */
  readonly fetchProcessor: number | undefined
  readonly syncedProcessor: number
  readonly memoryA: number | undefined
  readonly memoryB: number | undefined
}

/** How long one side took, and the processor time of the process that received. */
interface Timed {
  readonly seconds: number
  readonly processor: number | undefined
}

/** One large artifact: into A by multipart, from A to B, and out of A unverified by the same HTTP client. */
export async function largeRows(
  bench: Workbench,
  load: Load,
  size: number,
  { repeat }: Options,
): Promise<Omit<Report, 'bench'>> {
  const file = bench.path('artifact')
  await writeRandom(file, size)
  const bare = await bareServer(bench)
  const rounds: Round[] = []
  for (let turn = 0; turn < repeat; turn++) rounds.push(await round(bench, load, bare, file, turn))
  await rm(file)
  const rate = (seconds: number) => size / MIB / seconds
  const one = `one artifact of ${Math.round(size / MIB)} MiB`
  const fetched = { figure: `${one}, A → B, verified and on the disk`, unit: 'MiB/s' }
  const fetchRate = (each: Round) => rate(each.fetch)
  const download = 'the same from A to a file by undici, unverified'
  return {
    how: [
      `${one[0]?.toUpperCase()}${one.slice(1)}: uploaded to A by multipart, fetched by B, and downloaded from A by undici to a file; median of ${repeat}.`,
    ],
    rows: [
      inTurns(rounds, { ...fetched, aim: { least: FETCH_RATIO_MIN, of: 'ratio' } }, fetchRate, {
        what: `${download}, then synced to the disk`,
        value: (each) => rate(each.synced),
      }),
      inTurns(rounds, fetched, fetchRate, {
        what: `${download}, not synced`,
        value: (each) => rate(each.unsynced),
      }),
      inTurns(
        rounds,
        { figure: `${one}, published to A as multipart`, unit: 'MiB/s' },
        (each) => rate(each.upload),
        {
          what: 'PUT to a node:http server that writes and syncs it, unverified',
          value: (each) => rate(each.bareUpload),
        },
      ),
      ...processorRow(
        rounds,
        { figure: 'processor time of B for it', unit: 's' },
        (each) => each.fetchProcessor,
        {
          what: 'processor time of the downloading process',
          value: (each) => each.syncedProcessor,
        },
      ),
      ...memoryRow(
        'peak memory of A: one upload, three downloads',
        rounds.map((each) => each.memoryA),
      ),
      ...memoryRow(
        'peak memory of B: one fetch',
        rounds.map((each) => each.memoryB),
      ),
    ],
  }
}

/** The highest of all repetitions; no row where the system doesn't say. */
function memoryRow(figure: string, values: readonly (number | undefined)[]): Row[] {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0
    ? []
    : [{ figure, unit: 'MiB', value: Math.max(...known), aim: { most: MEMORY_MAX_MIB } }]
}

/** On fresh groves. The sides take turns in going first, since the one that comes second finds the disk busy with the first. */
async function round(
  bench: Workbench,
  load: Load,
  bare: string,
  file: string,
  turn: number,
): Promise<Round> {
  const [dirA, dirB] = [bench.path('a'), bench.path('b')]
  const a = await bench.serve(dirA, '--sync', 'off')
  const b = await bench.serve(dirB, '--sync', 'off', '--peer', a.url)
  const { cid, seconds: upload } = await publish(load, a, file, turn)
  const bareUpload = await bareSeconds(bench, load, bare, file)
  const sides = {
    fetch: () => timedFetch(b, a, cid),
    synced: () => timedDownload(bench, load, a, cid, true),
    unsynced: () => timedDownload(bench, load, a, cid, false),
  }
  const order =
    turn % 2 === 0
      ? (['fetch', 'synced', 'unsynced'] as const)
      : (['unsynced', 'synced', 'fetch'] as const)
  const took: Partial<Record<keyof typeof sides, Timed>> = {}
  for (const side of order) took[side] = await sides[side]()
  const [memoryA, memoryB] = [a, b].map((grove) => inMib(grove.peakMemory()))
  await Promise.all([a.stop(), b.stop()])
  await Promise.all([dirA, dirB].map((dir) => rm(dir, { recursive: true })))
  return {
    upload,
    bareUpload,
    fetch: took.fetch!.seconds,
    synced: took.synced!.seconds,
    unsynced: took.unsynced!.seconds,
    fetchProcessor: took.fetch?.processor,
    syncedProcessor: took.synced?.processor ?? Number.NaN,
    memoryA,
    memoryB,
  }
}

async function publish(
  load: Load,
  to: GroveProcess,
  file: string,
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

async function bareSeconds(
  bench: Workbench,
  load: Load,
  bare: string,
  file: string,
): Promise<number> {
  const headers = { file: bench.path('bare') }
  return (
    await load.upload({ origin: bare, method: 'PUT', path: '/', headers, file, head: '', tail: '' })
  ).seconds
}

async function timedFetch(to: GroveProcess, from: GroveProcess, cid: Cid): Promise<Timed> {
  const before = to.processorTime()
  const begun = performance.now()
  const answer = await fetch(`${to.url}/api/contributions/${cid}/fetch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ peer: from.url }),
  })
  const result = (await answer.json()) as FetchResult
  const seconds = (performance.now() - begun) / 1_000
  const processor = since(before, to.processorTime())
  if (answer.ok && result.missing.length === 0) return { seconds, processor }
  throw new Error(`fetch: ${answer.status} ${JSON.stringify(result).slice(0, 500)}`)
}

async function timedDownload(
  bench: Workbench,
  load: Load,
  from: GroveProcess,
  cid: Cid,
  sync: boolean,
): Promise<Timed> {
  const path = `/api/contributions/${cid}/artifacts/${NAME}`
  return load.download({ origin: from.url, path, file: bench.path('download'), sync })
}

function inMib(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / MIB
}

/** A file of bytes that nothing can compress. */
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

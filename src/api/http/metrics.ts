import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { GroveNode } from '../../node/node.ts'
import type { DiskRoom } from '../../ports/store-health.ts'
import { VERSION } from '../../version.ts'
import type { ByteMeter } from '../answer/handler.ts'

/** Bounds of the duration histogram, in seconds. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]

/** One server's figures for Prometheus. */
export interface Metrics extends ByteMeter {
  /** Starts timing a request; call the result when the response is sent. */
  begin(): (operation: string, status: number) => void
  /** All figures in the text exposition format, with its content type. */
  render(): Promise<{ contentType: string; body: string }>
}

/** Counts a node's figures until the signal aborts. */
export function metricsOf(node: GroveNode, signal: AbortSignal): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  const requests = new Counter({
    name: 'grove_http_requests_total',
    help: 'Answered requests',
    labelNames: ['operation', 'status'],
    registers,
  })
  const durations = durationsAs('grove_http_request_duration_seconds', 'Time to answer', registers)
  const deprecated = durationsAs(
    'grove_http_request_seconds',
    'Until 0.3: the old name of grove_http_request_duration_seconds',
    registers,
  )
  const received = new Counter({
    name: 'grove_blob_received_bytes_total',
    help: 'Bytes of artifacts uploaded here',
    registers,
  })
  const sent = new Counter({
    name: 'grove_blob_sent_bytes_total',
    help: 'Bytes of blobs and manifests served',
    registers,
  })
  addBuildInfo(registers)
  addGauges(node, registers)
  addDisk(node, registers)
  addRefused(node, registers)
  addStored(node, registers)
  addLastSync(node, registers)
  signal.addEventListener('abort', countEvents(node, registers), { once: true })
  return {
    begin() {
      const end = durations.startTimer()
      return (operation, status) => {
        deprecated.observe({ operation }, end({ operation }))
        requests.inc({ operation, status })
      }
    },
    received: (bytes) => received.inc(bytes),
    sent: (bytes) => sent.inc(bytes),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}

/** Gauges of the Node.js library that end in `_total`, as only counters may. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

function durationsAs(name: string, help: string, registers: Registry[]): Histogram<'operation'> {
  const buckets = DURATION_BUCKETS
  return new Histogram({ name, help, labelNames: ['operation'], buckets, registers })
}

function addBuildInfo(registers: Registry[]): void {
  new Gauge({
    name: 'grove_build_info',
    help: 'The version of Grove and of Node.js; the value is always 1',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: VERSION, node: process.version }, 1)
}

function addDisk({ health }: GroveNode, registers: Registry[]): void {
  const disk = (name: string, help: string, of: (room: DiskRoom) => number) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const room = await health.room()
        this.set(room === undefined ? Number.NaN : of(room))
      },
    })
  disk('grove_disk_free_bytes', 'Room left on the disk of the grove', (room) => room.freeBytes)
  disk('grove_disk_size_bytes', 'Size of the disk of the grove', (room) => room.sizeBytes)
  new Gauge({
    name: 'grove_damaged_hashes',
    help: 'Blobs and manifests whose bytes were found damaged, until they are healed',
    registers,
    collect() {
      this.set(health.damaged())
    },
  })
}

function addGauges(node: GroveNode, registers: Registry[]): void {
  new Gauge({
    name: 'grove_contributions',
    help: 'Contributions held',
    registers,
    async collect() {
      this.set(await node.contributions.count())
    },
  })
  new Gauge({
    name: 'grove_peers',
    help: 'Peers in view, by status',
    labelNames: ['status'],
    registers,
    collect() {
      const peers = node.gossip.peers()
      for (const status of ['alive', 'suspected', 'failed'] as const)
        this.set({ status }, peers.filter((peer) => peer.status === status).length)
    },
  })
}

/** When the latest round of sync that asked peers has ended, in Unix seconds. */
function addLastSync({ sync }: GroveNode, registers: Registry[]): void {
  new Gauge({
    name: 'grove_sync_last_round_timestamp_seconds',
    help: 'When the latest round of sync has ended',
    registers,
    collect() {
      const report = sync.lastReport
      if (report === undefined) return
      this.set((Date.parse(report.startedAt) + report.durationMs) / 1_000)
    },
  })
}

function addRefused({ sync }: GroveNode, registers: Registry[]): void {
  new Gauge({
    name: 'grove_sync_refused',
    help: 'Items that background sync does not fetch for now, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset()
      for (const [reason, count] of Object.entries(sync.refusalCounts()))
        this.set({ reason }, count)
    },
  })
}

function addStored({ counters }: GroveNode, registers: Registry[]): void {
  new Counter({
    name: 'grove_contributions_stored_total',
    help: 'Contributions newly stored',
    labelNames: ['source'],
    registers,
    collect() {
      this.reset()
      for (const [source, count] of Object.entries(counters.stored)) this.inc({ source }, count)
    },
  })
}

/** Counts the node's live events until the returned function is called. */
function countEvents(node: GroveNode, registers: Registry[]): () => void {
  const failed = new Counter({
    name: 'grove_fetches_failed_total',
    help: 'Fetches that obtained nothing, by reason',
    labelNames: ['code'],
    registers,
  })
  const verified = new Counter({
    name: 'grove_transfer_verified_bytes_total',
    help: 'Bytes of artifacts fetched from peers and verified',
    registers,
  })
  const faults = new Counter({
    name: 'grove_peer_faults_total',
    help: 'Times a peer broke the protocol',
    labelNames: ['code'],
    registers,
  })
  const rounds = new Counter({
    name: 'grove_sync_rounds_total',
    help: 'Background rounds that ended',
    registers,
  })
  return node.events.observe((event) => {
    if (event.type === 'fetch-failed') failed.inc({ code: event.code })
    else if (event.type === 'transfer' && event.done) verified.inc(event.receivedBytes)
    else if (event.type === 'peer-fault') faults.inc({ code: event.code })
    else if (event.type === 'sync') rounds.inc()
  })
}

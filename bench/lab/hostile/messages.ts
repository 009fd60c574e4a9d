import { request } from 'node:http'
import { connect } from 'node:net'
import type { Cid } from '../../../src/core/cid.ts'
import type { Draft } from '../../../src/core/contribution/schema.ts'
import { sampleDraft, sampleText } from '../samples.ts'

/** Something that a stranger can send to a grove. */
export interface Hostile {
  readonly what: string
  /**
   * Sends it, with other content in each round. Resolves when all is answered or refused; what it
   * holds open ends with the signal.
   */
  send(target: Target, signal: AbortSignal, round: number): Promise<void>
}

export interface Target {
  readonly url: string
  /** A contribution that the grove holds. */
  readonly hub: Cid
  /** The id of a peer that the grove knows. */
  readonly knownId?: string
  /** The address that it is sent from. Default: the system's choice. */
  readonly from?: string
}

const UNREAD = 30
const TRICKLES = 200
const MESSAGES = 40
const MIB = 1024 * 1024

/** Messages that are hostile by what they are made of, not by their rate. */
export const hostiles: readonly Hostile[] = [
  {
    what: 'a draft with 60,000 members',
    send: (target, _, round) =>
      publish(target, { ...sampleDraft(round), context: manyMembers(60_000) }),
  },
  {
    what: 'a draft with as many members as are allowed',
    send: (target, _, round) =>
      publish(target, { ...sampleDraft(round), context: manyMembers(16_000) }),
  },
  {
    what: 'a draft of 20,000 words in one tag',
    send: (target, _, round) =>
      publish(target, { ...sampleDraft(round), tags: ['漢字'.repeat(100_000)] }),
  },
  {
    what: '100 scores under long names, ten times',
    send: (target, _, round) =>
      times(10, (n) => {
        const number = round * 10 + n
        return publish(target, { ...sampleDraft(number), scores: scoresOf(number, 5_000) })
      }),
  },
  {
    what: '1,000 adoptions of one work',
    send: (target, _, round) =>
      times(10, async (hundred) => {
        const first = (round * 10 + hundred) * 100
        await Promise.all(
          Array.from({ length: 100 }, (_, n) => publish(target, adoption(first + n, target.hub))),
        )
      }),
  },
  {
    what: `${MESSAGES} gossip messages that offer 20 addresses each`,
    send: (target, _, round) =>
      times(MESSAGES, (n) =>
        post(target, '/api/gossip/shuffle', shuffle(round * MESSAGES + n, '')),
      ),
  },
  {
    what: `${MESSAGES} exchanges that name a third party and invent claims`,
    send: (target, _, round) =>
      times(MESSAGES, (n) =>
        post(target, '/api/gossip/exchange', exchange(round * MESSAGES + n, peer(1, ''))),
      ),
  },
  {
    what: `${UNREAD} long lists that nobody reads`,
    send: (target, signal) =>
      held(
        target,
        UNREAD,
        'GET /api/contributions?limit=1000 HTTP/1.1\r\nhost: localhost\r\n\r\n',
        {
          signal,
        },
      ),
  },
  {
    what: `${TRICKLES} bodies that trickle`,
    send: (target, signal) =>
      held(
        target,
        TRICKLES,
        'POST /api/contributions HTTP/1.1\r\nhost: localhost\r\n' +
          'content-type: application/json\r\ncontent-length: 900000\r\n\r\n{',
        { signal, trickle: ' ' },
      ),
  },
]

/** Messages that are hostile by how many there are of them. */
export const floods: readonly Hostile[] = [
  {
    what: 'works in 100 metrics of their own',
    send: (target, _, round) =>
      publish(target, { ...sampleDraft(round), scores: scoresOf(round, 0) }),
  },
  {
    what: 'offers of addresses with paths on one host',
    send: (target, _, round) => post(target, '/api/gossip/shuffle', shuffle(round, `/p${round}`)),
  },
  {
    what: 'exchanges in the name of a peer',
    send: (target, _, round) =>
      post(
        target,
        '/api/gossip/exchange',
        exchange(round, { ...peer(2, ''), peerId: target.knownId ?? 'nobody' }),
      ),
  },
  {
    what: 'event streams, opened and left, and HEAD of them',
    send: async (target) => {
      await ask(target, 'HEAD', '/api/events')
      await ask(target, 'GET', '/api/events', { leaves: true })
    },
  },
  {
    what: 'uploads of 1 MiB',
    send: (target, _, round) => {
      const bytes = Buffer.alloc(MIB, sampleText(round, 4_096))
      return ask(target, 'POST', '/api/blobs', { bytes, type: 'application/octet-stream' })
    },
  },
  {
    what: 'dear questions',
    send: (target, _, round) =>
      ask(target, 'GET', dearPaths[round % dearPaths.length] ?? '/api/frontier'),
  },
  {
    what: 'requests for fetches and sync',
    send: async (target, _, round) => {
      const cid = `blake3:${String(round).padStart(64, '0')}`
      await post(target, '/api/federation/sync', {})
      await post(target, `/api/contributions/${cid}/fetch`, { timeoutMs: 1_000 })
    },
  },
]

const dearPaths = [
  '/api/search?q=trial',
  '/api/frontier?tags=most,series-7&kind=work&limit=1000',
  '/api/contributions?tags=most&limit=1000',
  '/api/threads',
]

/** How long what is held open is watched. */
const HELD_MS = 3_000

const manyMembers = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`member-${n}`, 0]))

/** 100 metrics that no other number has, under names of at least so many characters. */
const scoresOf = (number: number, chars: number): NonNullable<Draft['scores']> =>
  Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [
      `!${number}.${n}`.padEnd(chars, '~'),
      { value: n, direction: 'minimize' } as const,
    ]),
  )

const adoption = (number: number, targetCid: Cid): Draft => ({
  ...sampleDraft(number),
  kind: 'adoption',
  scores: {},
  relations: [{ targetCid, relationType: 'adopts' }],
})

const peer = (number: number, path: string) => ({
  peerId: `stranger-${number}`,
  address: `http://127.0.0.9:${1_024 + (number % 60_000)}${path}`,
  age: 0,
  lastSeen: new Date().toISOString(),
})

const shuffle = (number: number, path: string) => ({
  sender: peer(number * 100, path),
  offered: Array.from({ length: 20 }, (_, n) => peer(number * 100 + n, path)),
})

const exchange = (number: number, sender: ReturnType<typeof peer>) => ({
  ...sender,
  frontier: Array.from({ length: 100 }, (_, n) => ({
    metric: `metric-${n % 5}`,
    value: -number - n,
    cid: `blake3:${`${number}0${n}`.padStart(64, '0')}`,
    direction: 'minimize',
  })),
  load: { queueDepth: 0 },
  capabilities: { federation: 2, blobs: 1 },
  timestamp: new Date().toISOString(),
})

async function times(count: number, send: (number: number) => Promise<void>): Promise<void> {
  for (let number = 0; number < count; number++) await send(number)
}

const publish = (target: Target, draft: Draft) => post(target, '/api/contributions', draft)

const post = (target: Target, path: string, body: object): Promise<void> =>
  ask(target, 'POST', path, { bytes: Buffer.from(JSON.stringify(body)), type: 'application/json' })

interface Asked {
  readonly bytes?: Buffer
  readonly type?: string
  /** Whether the caller leaves as soon as the answer begins. */
  readonly leaves?: boolean
}

/** Sends a request over a connection of its own; whatever the answer is, it is read. */
function ask(
  { url, from }: Target,
  method: string,
  path: string,
  { bytes, type, leaves = false }: Asked = {},
): Promise<void> {
  return new Promise((resolve) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    const options = { method, headers, agent: false, ...(from && { localAddress: from }) }
    const outgoing = request(url + path, options, (incoming) => {
      incoming.once('error', () => {}).once('close', resolve)
      if (leaves) incoming.destroy()
      else incoming.resume()
    })
    outgoing.once('error', () => resolve())
    outgoing.end(bytes)
  })
}

/** Opens connections that send a text, read nothing, and stay for a while. */
async function held(
  { url, from }: Target,
  count: number,
  text: string,
  { signal, trickle }: { readonly signal: AbortSignal; readonly trickle?: string },
): Promise<void> {
  const { hostname, port } = new URL(url)
  const sockets = Array.from({ length: count }, () => {
    const to = { port: Number(port), host: hostname, ...(from && { localAddress: from }) }
    const socket = connect(to, () => socket.write(text))
    socket.pause()
    socket.on('error', () => {})
    return socket
  })
  const timer = setInterval(() => {
    if (trickle !== undefined) for (const socket of sockets) socket.write(trickle)
  }, 200)
  await new Promise<void>((resolve) => {
    setTimeout(resolve, HELD_MS)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  clearInterval(timer)
  for (const socket of sockets) socket.destroy()
}

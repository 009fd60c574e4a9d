import { request } from 'node:http'
import { connect } from 'node:net'
import type { Cid } from '../../src/core/cid.ts'
import type { Draft } from '../../src/core/contribution/schema.ts'
import { sampleDraft } from './samples.ts'

/** Something that a stranger can send to a grove, and how often. */
export interface Hostile {
  readonly what: string
  /** Resolves when all is answered or refused; what it holds open ends with the signal. */
  send(target: Target, signal: AbortSignal): Promise<void>
}

export interface Target {
  readonly url: string
  /** A contribution that the grove holds. */
  readonly hub: Cid
}

const UNREAD = 30
const TRICKLES = 200
const MESSAGES = 40

/** Messages that are hostile by what they are made of, not by their rate. */
export const hostiles: readonly Hostile[] = [
  {
    what: 'a draft with 60,000 members',
    send: ({ url }) => publish(url, { ...sampleDraft(0), context: manyMembers(60_000) }),
  },
  {
    what: 'a draft with as many members as are allowed',
    send: ({ url }) => publish(url, { ...sampleDraft(1), context: manyMembers(16_000) }),
  },
  {
    what: 'a draft of 20,000 words in one tag',
    send: ({ url }) => publish(url, { ...sampleDraft(2), tags: ['漢字'.repeat(100_000)] }),
  },
  {
    what: '100 scores under long names, ten times',
    send: ({ url }) => tenTimes((n) => publish(url, { ...sampleDraft(n), scores: longNames(n) })),
  },
  {
    what: '1,000 adoptions of one work',
    send: async ({ url, hub }) => {
      for (let hundred = 0; hundred < 10; hundred++)
        await Promise.all(
          Array.from({ length: 100 }, (_, n) => publish(url, adoption(hundred * 100 + n, hub))),
        )
    },
  },
  {
    what: `${MESSAGES} gossip messages that offer 20 addresses each`,
    send: async ({ url }) => {
      for (let n = 0; n < MESSAGES; n++) await post(url, '/api/gossip/shuffle', shuffle(n))
    },
  },
  {
    what: `${MESSAGES} exchanges that name a third party and invent claims`,
    send: async ({ url }) => {
      for (let n = 0; n < MESSAGES; n++) await post(url, '/api/gossip/exchange', exchange(n))
    },
  },
  {
    what: `${UNREAD} long lists that nobody reads`,
    send: ({ url }, signal) =>
      held(url, UNREAD, 'GET /api/contributions?limit=1000 HTTP/1.1\r\nhost: localhost\r\n\r\n', {
        signal,
      }),
  },
  {
    what: `${TRICKLES} bodies that trickle`,
    send: ({ url }, signal) =>
      held(
        url,
        TRICKLES,
        'POST /api/contributions HTTP/1.1\r\nhost: localhost\r\n' +
          'content-type: application/json\r\ncontent-length: 900000\r\n\r\n{',
        { signal, trickle: ' ' },
      ),
  },
]

/** How long what is held open is watched. */
const HELD_MS = 3_000

const manyMembers = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`member-${n}`, 0]))

const longNames = (number: number): NonNullable<Draft['scores']> =>
  Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [
      `!${number}.${n}`.padEnd(5_000, '~'),
      { value: n, direction: 'minimize' } as const,
    ]),
  )

const adoption = (number: number, targetCid: Cid): Draft => ({
  ...sampleDraft(number),
  kind: 'adoption',
  scores: {},
  relations: [{ targetCid, relationType: 'adopts' }],
})

const peer = (number: number) => ({
  peerId: `stranger-${number}`,
  address: `http://127.0.0.9:${1_024 + (number % 60_000)}`,
  age: 0,
  lastSeen: new Date().toISOString(),
})

const shuffle = (number: number) => ({
  sender: peer(number * 100),
  offered: Array.from({ length: 20 }, (_, n) => peer(number * 100 + n)),
})

const exchange = (number: number) => ({
  ...peer(1),
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

async function tenTimes(send: (number: number) => Promise<void>): Promise<void> {
  for (let number = 0; number < 10; number++) await send(number)
}

const publish = (url: string, draft: Draft) => post(url, '/api/contributions', draft)

/** Sends JSON; whatever the answer is, it is read. */
function post(url: string, path: string, body: object): Promise<void> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' }
    const outgoing = request(url + path, { method: 'POST', headers, agent: false }, (incoming) => {
      incoming.resume().once('close', resolve)
    })
    outgoing.once('error', () => resolve())
    outgoing.end(JSON.stringify(body))
  })
}

/** Opens connections that send a text, read nothing, and stay for a while. */
async function held(
  url: string,
  count: number,
  text: string,
  { signal, trickle }: { readonly signal: AbortSignal; readonly trickle?: string },
): Promise<void> {
  const { hostname, port } = new URL(url)
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(Number(port), hostname, () => socket.write(text))
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

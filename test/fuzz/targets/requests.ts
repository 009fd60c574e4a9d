import { Door } from '../../../src/api/admission/door.ts'
import { OwnAddresses } from '../../../src/api/admission/own-addresses.ts'
import { ApiAnswerer } from '../../../src/api/answer/answerer.ts'
import { type ApiRequest, memoryRequest } from '../../../src/api/answer/request.ts'
import type { ApiResponse } from '../../../src/api/answer/response.ts'
import { signRequest } from '../../../src/signing/http-signature.ts'
import { messageOf } from '../../support/gossip.ts'
import { standingClock } from '../../support/standing-clock.ts'
import { hold, type TestNode, testNode } from '../../support/test-node.ts'
import { opened, type Reader, type Target } from '../lab/target.ts'
import { draftOf, key, otherKey, plainWork, richWork } from './samples.ts'

const { cid } = plainWork
const json = 'content-type: application/json'
const self = { peerId: otherKey.peerId, address: 'http://10.0.0.2:4515' }
const message = JSON.stringify(messageOf(self))
const form = 'content-type: multipart/form-data; boundary=b'
const part = (name: string, content: string) =>
  `--b\r\ncontent-disposition: form-data; name="${name}"; filename="f"\r\n\r\n${content}\r\n`
const draft = JSON.stringify(draftOf('sent'))
/** When requests are made: Unix seconds. */
const NOW_S = 1_700_000_000

const reading = [
  `GET /api/contributions/${cid}`,
  `GET /api/resolve/${cid.slice(7, 15)}`,
  'GET /api/contributions?limit=2&tags=lm,a&kind=work',
  `GET /api/gossip/contribution/${cid}\ngrove-along: ancestors=2;artifacts=500`,
  `GET /api/gossip/contribution/${cid}\nif-none-match: W/"x", "${cid}"`,
  `GET /api/gossip/contribution/${cid}\nrange: bytes=2-5\nif-range: "${cid}"`,
  `HEAD /api/gossip/contribution/${cid}`,
  'GET /api/frontier?metric=val_bpb&limit=5',
  'GET /api/search?q=result%20b%C3%A4st*',
  `GET /api/dag/${cid}/children`,
  'GET /api/federation/best?dimension=val_bpb&limit=3',
  `GET /api/contributions/${richWork.cid}/files`,
  'GET /api/threads',
  'GET /healthz',
]
const writing = [
  `POST /api/contributions\n${json}\n\n${draft}`,
  `POST /api/drafts/check\n${json}\n\n${draft}`,
  `POST /api/federation/closure\n${json}\ngrove-closure: records-1\n\n${JSON.stringify({ cid, ancestors: 1, evidence: true })}`,
  `POST /api/federation/about\n${json}\n\n${JSON.stringify({ cids: [cid] })}`,
  `POST /api/blobs/missing\n${json}\n\n${JSON.stringify({ hashes: [cid] })}`,
  `POST /api/gossip/exchange\n${json}\n\n${message}`,
  `POST /api/gossip/shuffle\n${json}\n\n${JSON.stringify({ sender: { ...self, age: 0, lastSeen: '2026-01-01T00:00:00.000Z' }, offered: [] })}`,
]
const uploads = [
  `POST /api/contributions\n${form}\n\n${part('manifest', draft)}${part('artifact:a/b', 'x')}--b--\r\n`,
  `POST /api/contributions\n${form}\ncontent-length: 99999\n\n${part('manifest', draft)}${part('artifact:größe', 'y')}--b--\r\n`,
]
const target = 'http://10.0.0.1:4515/api/gossip/exchange'
const signature = await signRequest(
  otherKey,
  { method: 'POST', target, body: message, to: key.peerId },
  { created: NOW_S, nonce: '1'.repeat(32) },
)
const signed = [
  `POST /api/gossip/exchange\nhost: 10.0.0.1:4515\n${json}\n${Object.entries(signature)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')}\n\n${message}`,
]

/** Inputs after which a grove is made anew: it keeps what is published. */
const LIFE = 500

export const requestTargets: readonly Target[] = [
  requests('requests-to-read', reading),
  requests('requests-to-write', writing),
  requests('multipart', uploads),
  requests('signed-requests', signed),
]

function requests(name: string, seeds: readonly string[]): Target {
  const open = async (): Promise<Reader> => {
    let grove = await openGrove()
    let left = LIFE
    return {
      async read(input) {
        if (left-- === 0) {
          await grove.close()
          grove = await openGrove()
          left = LIFE
        }
        return grove.answer(requestIn(input))
      },
      close: () => grove.close(),
    }
  }
  return opened(name, seeds, open, { form: 'message', maxBytes: 64 * 1024 })
}

async function openGrove() {
  const grove: TestNode = testNode([], {
    self: { peerId: key.peerId, address: 'http://10.0.0.1:4515' },
    reachable: true,
  })
  await hold(grove, plainWork)
  await hold(grove, richWork)
  const own = new OwnAddresses({
    address: 'http://10.0.0.1:4515',
    bound: 'http://10.0.0.1:4515',
    names: [],
  })
  const { access } = grove.node
  const openDoor = () => {
    const { clock, move } = standingClock()
    move((NOW_S - 20) * 1_000 - clock.now())
    const door = new Door({ access, clock, signing: { key, own, secret: '00' } })
    move(20_000)
    return door
  }
  let door = openDoor()
  const answerer = new TellingAnswerer(grove.node, {
    door: {
      admit: (request, kind) => door.admit(request, kind),
      seal: (reply) => door.seal(reply),
    },
  })
  const answer = async (request: ApiRequest) => {
    // A new door remembers no nonce, and takes what is signed after it was opened.
    door = openDoor()
    const { response } = await answerer.answer(request)
    await bodyOf(response)
    if (response.status >= 400) throw answerer.cause
  }
  return { answer, close: async () => grove[Symbol.asyncDispose]() }
}

/** Tells why it could not answer. */
class TellingAnswerer extends ApiAnswerer {
  cause: unknown

  override failed(request: ApiRequest, error: unknown): unknown {
    this.cause = super.failed(request, error)
    return this.cause
  }
}

/** Endless streams are not read to their end. */
async function bodyOf({ body }: ApiResponse): Promise<void> {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return
  let pieces = 0
  for await (const _ of body) if (pieces++ > 20) break
}

function requestIn(input: Buffer): ApiRequest {
  const end = input.indexOf('\n\n')
  const head = input.subarray(0, end < 0 ? input.length : end).toString('latin1')
  const body = end < 0 ? Buffer.alloc(0) : input.subarray(end + 2)
  const [first = '', ...lines] = head.split('\n')
  const [method = '', path = ''] = first.split(' ')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.split(':')
      return [name.trim().toLowerCase(), value.join(':').trim()]
    }),
  )
  return memoryRequest({ method, target: path, headers, body, remote: '127.0.0.1' })
}

import { serve } from '../../sim/machine/server.ts'
import { absentAnswer, type HttpAnswer, jsonAnswer } from '../../sim/network/http.ts'
import { ApiAnswerer } from '../../src/api/answer/answerer.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import { compareText } from '../../src/core/text.ts'
import { ALONG_HEADER } from '../../src/core/wire/closure.ts'
import { testNode } from './test-node.ts'

/** What a test's peer holds. */
export interface Holdings {
  readonly contributions?: readonly Contribution[]
  readonly blobs?: readonly Uint8Array[]
  /** Best lists, by dimension. */
  readonly best?: Readonly<Record<string, object>>
  /** Whether small things come along with a manifest. Tests look at each request: as a rule not. */
  readonly isAlong?: boolean
}

interface RouteRequest {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Routes that the production server's code answers. */
const realRoutes = [
  '/api/gossip/contribution/',
  '/api/blobs/',
  '/api/federation/about',
  '/api/federation/closure',
]

/** A peer's routes. The production server answers for the holdings, and the test for best lists. */
export function honestRoutes({
  best = {},
  isAlong = false,
  ...holdings
}: Holdings): (request: RouteRequest) => Promise<HttpAnswer> {
  const answerer = answererOf(holdings)
  return async (request) => {
    const { pathname, searchParams } = new URL(request.path, 'http://peer')
    if (realRoutes.some((route) => pathname.startsWith(route))) {
      // The grove behind it has another name.
      const { host: _, [ALONG_HEADER]: along, ...others } = request.headers
      const headers = isAlong && along !== undefined ? { ...others, [ALONG_HEADER]: along } : others
      return serve(await answerer, { ...request, headers, from: 'test', remote: '127.0.0.1' })
    }
    if (pathname === '/api/federation/best') {
      const dimension = searchParams.get('dimension') ?? ''
      return jsonAnswer(best[dimension] ?? { dimension, direction: 'maximize', entries: [] })
    }
    if (pathname === '/api/frontier')
      return metricsAnswer(
        Object.keys(best).filter((name) => !name.startsWith('_')),
        searchParams.get('after'),
      )
    return absentAnswer()
  }
}

async function answererOf({ contributions = [], blobs = [] }: Holdings): Promise<ApiAnswerer> {
  const { node } = testNode()
  for (const item of contributions)
    await node.contributions.put(item, { origin: 'local', receivedAt: 0 })
  for (const bytes of blobs) await node.blobs.put(bytes)
  return new ApiAnswerer(node)
}

/** One page of metrics, as a grove tells them. */
function metricsAnswer(metrics: readonly string[], after: string | null): HttpAnswer {
  const following = metrics.toSorted(compareText).filter((name) => after === null || name > after)
  const page = following.slice(0, 100)
  return jsonAnswer({
    byMetric: Object.fromEntries(page.map((name) => [name, []])),
    ...(following.length > page.length && { nextAfter: page.at(-1) }),
    byAdoption: [],
    byRecency: [],
    byReviewScore: [],
    byReproduction: [],
  })
}

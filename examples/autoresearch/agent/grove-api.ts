import { z } from 'zod'

/** The part of a contribution that an agent reads. */
const contributionSchema = z.object({
  cid: z.string(),
  kind: z.string(),
  summary: z.string(),
  artifacts: z.record(z.string(), z.string()),
  relations: z.array(z.object({ targetCid: z.string(), relationType: z.string() })),
  scores: z.record(z.string(), z.object({ value: z.number() })).optional(),
  context: z.record(z.string(), z.unknown()).optional(),
  agent: z.object({ agentId: z.string() }),
})
const frontierSchema = z.object({
  byMetric: z.record(
    z.string(),
    z.array(z.object({ cid: z.string(), value: z.number(), agentId: z.string() })),
  ),
})
const fetchedSchema = z.object({
  contribution: contributionSchema,
  missing: z.array(z.object({ reason: z.string() })),
})
const errorSchema = z.object({ error: z.object({ message: z.string() }) })

/** A contribution as its grove shows it. */
export type Contribution = Readonly<z.infer<typeof contributionSchema>>

/** One place in the frontier. */
export type Ranked = Readonly<z.infer<typeof frontierSchema>['byMetric'][string][number]>

/** A contribution before it is published. `artifacts` names blobs that the grove already holds. */
export interface Draft {
  readonly kind: 'work' | 'review' | 'reproduction'
  readonly summary: string
  readonly artifacts?: Readonly<Record<string, string>>
  readonly relations: readonly {
    readonly targetCid: string
    readonly relationType: 'derives_from' | 'reviews' | 'reproduces'
    readonly metadata?: Readonly<Record<string, unknown>>
  }[]
  readonly scores?: Readonly<
    Record<
      string,
      {
        readonly value: number
        readonly direction: 'minimize' | 'maximize'
        readonly unit?: string
      }
    >
  >
  readonly tags: readonly string[]
  readonly context?: Readonly<Record<string, unknown>>
  readonly agent: { readonly agentId: string; readonly agentName: string; readonly role: string }
}

const PAGE = 500

/** What an agent needs of its grove, over plain HTTP. Errors name the request that failed. */
export class GroveApi {
  readonly url: string
  readonly #signal: AbortSignal | undefined

  /** All requests under way end when `signal` aborts. */
  constructor(url: string, signal?: AbortSignal) {
    this.url = url
    this.#signal = signal
  }

  /** The best work that this grove holds by a metric, best first. */
  async frontier(metric: string, limit: number): Promise<Ranked[]> {
    const { byMetric } = frontierSchema.parse(
      await this.#json(`/api/frontier?metric=${metric}&kind=work&limit=${limit}`),
    )
    return byMetric[metric] ?? []
  }

  async contribution(cid: string): Promise<Contribution> {
    return contributionSchema.parse(await this.#json(`/api/contributions/${cid}`))
  }

  /**
   * A contribution, once the grove holds all of its artifacts. One that came along with other work
   * may lack some, which the grove then fetches.
   */
  async complete(cid: string): Promise<Contribution> {
    const body = JSON.stringify({ artifacts: 'all', ancestors: 0 })
    const headers = { 'content-type': 'application/json' }
    const response = await this.#request(`/api/contributions/${cid}/fetch`, {
      method: 'POST',
      headers,
      body,
    })
    const { contribution, missing } = fetchedSchema.parse(await response.json())
    if (missing.length > 0)
      throw new Error(`${this.url} could not complete ${cid}: ${missing[0]?.reason}`)
    return contribution
  }

  /** The contributions that relate to one: derived work, reviews, reproductions. */
  async children(cid: string): Promise<Contribution[]> {
    return z.array(contributionSchema).parse(await this.#json(`/api/dag/${cid}/children`))
  }

  /** All work that this grove holds, oldest first. */
  async work(): Promise<Contribution[]> {
    const all: Contribution[] = []
    for (;;) {
      const page = await this.#json(
        `/api/contributions?kind=work&limit=${PAGE}&offset=${all.length}`,
      )
      const contributions = z.array(contributionSchema).parse(page)
      all.push(...contributions)
      if (contributions.length < PAGE) return all
    }
  }

  /** An artifact, by its name in the contribution. */
  async artifact(cid: string, name: string): Promise<Buffer> {
    return this.#bytes(`/api/contributions/${cid}/artifacts/${encodeURIComponent(name)}`)
  }

  /** A blob, by its hash. */
  async blob(hash: string): Promise<Buffer> {
    return this.#bytes(`/api/blobs/${hash}`)
  }

  /** The grove's metrics, as Prometheus text. */
  async metrics(): Promise<string> {
    return (await this.#request('/metrics')).text()
  }

  /**
   * Publishes a contribution with its files. Its time is set here, so that a repeated request
   * publishes the same contribution, not a second one.
   */
  async publish(draft: Draft, files: Readonly<Record<string, string>>): Promise<Contribution> {
    const manifest = { mode: 'evaluation', ...draft, createdAt: new Date().toISOString() }
    const form = new FormData()
    form.set('manifest', JSON.stringify(manifest))
    for (const [name, text] of Object.entries(files))
      form.set(`artifact:${name}`, new Blob([text]), name)
    const response = await this.#request('/api/contributions', { method: 'POST', body: form })
    return contributionSchema.parse(await response.json())
  }

  async #json(path: string): Promise<unknown> {
    return (await this.#request(path)).json()
  }

  async #bytes(path: string): Promise<Buffer> {
    return Buffer.from(await (await this.#request(path)).arrayBuffer())
  }

  async #request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.#send(this.url + path, init)
    if (response.ok) return response
    const parsed = errorSchema.safeParse(await response.json().catch(() => undefined))
    const message = parsed.success ? parsed.data.error.message : response.statusText
    throw new Error(
      `${init.method ?? 'GET'} ${this.url}${path} answered ${response.status}: ${message}`,
    )
  }

  /**
   * Sends a request, twice if need be: the server may have closed the connection while the agent
   * trained.
   */
  async #send(url: string, init: RequestInit): Promise<Response> {
    const request = this.#signal === undefined ? init : { ...init, signal: this.#signal }
    try {
      return await fetch(url, request).catch(() => fetch(url, request))
    } catch (cause) {
      throw new Error(`${url} does not answer`, { cause })
    }
  }
}

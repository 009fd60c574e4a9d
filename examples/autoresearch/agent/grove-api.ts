import { z } from 'zod'

/** What an agent reads of a contribution; there is more in it. */
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

/** One place of the frontier. */
export type Ranked = Readonly<z.infer<typeof frontierSchema>['byMetric'][string][number]>

/** What an author says of a contribution. `artifacts` names blobs that the grove holds already. */
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

/** One grove, over plain HTTP: all that an agent needs of it. Every method throws an error that names the request. */
export class GroveApi {
  readonly url: string
  readonly #signal: AbortSignal | undefined

  /** When `signal` aborts, every request under way ends. */
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
   * A contribution with all of its artifacts. What came along with other work may still lack them: its grove then
   * brings them from those that have them. Answered at once where everything is there.
   */
  async complete(cid: string): Promise<Contribution> {
    const body = JSON.stringify({ artifacts: 'all', ancestors: 0 })
    const headers = { 'content-type': 'application/json' }
    const response = await this.#ask(`/api/contributions/${cid}/fetch`, {
      method: 'POST',
      headers,
      body,
    })
    const { contribution, missing } = fetchedSchema.parse(await response.json())
    if (missing.length > 0)
      throw new Error(`${this.url} could not complete ${cid}: ${missing[0]?.reason}`)
    return contribution
  }

  /** What relates to a contribution: work derived from it, reviews, reproductions. */
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

  /** The bytes of an artifact, by the name that its contribution gives it. */
  async artifact(cid: string, name: string): Promise<Buffer> {
    return this.#bytes(`/api/contributions/${cid}/artifacts/${encodeURIComponent(name)}`)
  }

  /** The bytes that hash to this name. */
  async blob(hash: string): Promise<Buffer> {
    return this.#bytes(`/api/blobs/${hash}`)
  }

  /** What the grove counts, as Prometheus text. */
  async metrics(): Promise<string> {
    return (await this.#ask('/metrics')).text()
  }

  /**
   * Publishes a contribution and the files that come with it. The moment is fixed here, so that asking again after a
   * lost connection publishes the same contribution, not a second one.
   */
  async publish(draft: Draft, files: Readonly<Record<string, string>>): Promise<Contribution> {
    const manifest = { mode: 'evaluation', ...draft, createdAt: new Date().toISOString() }
    const form = new FormData()
    form.set('manifest', JSON.stringify(manifest))
    for (const [name, text] of Object.entries(files))
      form.set(`artifact:${name}`, new Blob([text]), name)
    const response = await this.#ask('/api/contributions', { method: 'POST', body: form })
    return contributionSchema.parse(await response.json())
  }

  async #json(path: string): Promise<unknown> {
    return (await this.#ask(path)).json()
  }

  async #bytes(path: string): Promise<Buffer> {
    return Buffer.from(await (await this.#ask(path)).arrayBuffer())
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.#reach(this.url + path, init)
    if (response.ok) return response
    const said = errorSchema.safeParse(await response.json().catch(() => undefined))
    const message = said.success ? said.data.error.message : response.statusText
    throw new Error(
      `${init.method ?? 'GET'} ${this.url}${path} answered ${response.status}: ${message}`,
    )
  }

  /** One request; a second one where the connection, kept open while the agent trained, turned out to be closed. */
  async #reach(url: string, init: RequestInit): Promise<Response> {
    const request = this.#signal === undefined ? init : { ...init, signal: this.#signal }
    try {
      return await fetch(url, request).catch(() => fetch(url, request))
    } catch (cause) {
      throw new Error(`${url} does not answer`, { cause })
    }
  }
}

import { type Cid, isCid, parseCid } from './core/cid.ts'
import { viewOf } from './core/contribution/contribution.ts'
import type { ContributionView, Draft } from './core/contribution/schema.ts'
import type { GroveEvent } from './core/wire/events.ts'
import type { FederationPeer, SyncReport } from './core/wire/federation.ts'
import type { FetchOptions, FetchResult } from './core/wire/fetch.ts'
import type { FederatedEntry, Filter, FrontierAnswer, SearchResult } from './core/wire/frontier.ts'
import { type CheckoutResult, checkout } from './node/checkout.ts'
import { fetchRemoteContribution } from './node/fetch/fetch.ts'
import type { GroveNode } from './node/node.ts'
import { publish, stageArtifact } from './node/publish.ts'
import { federatedFrontier, frontier } from './node/read/frontier.ts'
import {
  ancestors,
  artifactOf,
  children,
  diff,
  listContributions,
  searchContributions,
} from './node/read/queries.ts'
import { federationPeers } from './node/read/status.ts'
import { type ThreadNode, thread } from './node/read/thread.ts'
import type { TransferProgress } from './node/transfer/wanted-blob.ts'
import type { ByteSource } from './ports/blob-store.ts'

/** An artifact to publish: its bytes, a stream of them, its text, or the content id of a blob that is here already. */
export type ArtifactInput = ByteSource | string

/** What an author hands to the library: a draft whose artifacts may be given as bytes. */
export type Work = Omit<Draft, 'artifacts'> & {
  readonly artifacts?: Readonly<Record<string, ArtifactInput>>
}

export interface WaitOptions {
  readonly signal?: AbortSignal
}

const LIMIT = 10
const LIST = 100

/** A grove inside this process. Every method throws GroveError with a stable `code`. */
export class Grove {
  readonly #node: GroveNode
  readonly #close: () => Promise<void>
  /** Where other groves and agents reach this one; undefined where it does not listen. */
  readonly url: string | undefined

  constructor(node: GroveNode, url: string | undefined, close: () => Promise<void>) {
    this.#node = node
    this.url = url
    this.#close = close
  }

  get peerId(): string {
    return this.#node.config.self.peerId
  }

  /** Stores the artifacts, seals the manifest and stores it: durable when it resolves. Publishing the same again changes nothing. */
  async publish(work: Work, options: WaitOptions = {}): Promise<ContributionView> {
    const artifacts: Record<string, Cid> = {}
    for (const [name, input] of Object.entries(work.artifacts ?? {}))
      artifacts[name] = await this.#stage(input, options)
    const { contribution } = await publish(this.#node, { ...work, artifacts }, options)
    return viewOf(contribution)
  }

  async #stage(input: ArtifactInput, options: WaitOptions): Promise<Cid> {
    if (isCid(input)) return input
    const source = typeof input === 'string' ? Buffer.from(input, 'utf8') : input
    return (await stageArtifact(this.#node, source, options)).hash
  }

  /** Brings a contribution here from the given peer (its address or id), or from whoever advertised it: every byte verified. */
  fetchRemoteContribution(
    cid: string,
    peerAddress?: string,
    options: Omit<FetchOptions, 'peer'> &
      WaitOptions & { onProgress?: (progress: TransferProgress) => void } = {},
  ): Promise<FetchResult> {
    const { signal, onProgress, ...rest } = options
    const fetchOptions = peerAddress === undefined ? rest : { ...rest, peer: peerAddress }
    return fetchRemoteContribution(this.#node, parseCid(cid), fetchOptions, {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    })
  }

  /** Writes a contribution's artifacts into a directory, fetching what is missing. */
  checkout(
    cid: string,
    directory: string,
    options: WaitOptions & { overwrite?: boolean; artifacts?: readonly string[] } = {},
  ): Promise<CheckoutResult> {
    const { artifacts, ...rest } = options
    return checkout(
      this.#node,
      { cid: parseCid(cid), directory, ...(artifacts === undefined ? {} : { artifacts }) },
      rest,
    )
  }

  /** A contribution that is held here; undefined where it is not. */
  async get(cid: string): Promise<ContributionView | undefined> {
    const stored = await this.#node.contributions.get(parseCid(cid))
    return stored === undefined ? undefined : viewOf(stored)
  }

  /** The bytes of an artifact that is here. */
  async artifact(
    cid: string,
    name: string,
    options: WaitOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const { hash } = await artifactOf(this.#node, parseCid(cid), name)
    return this.#node.blobs.get(hash, options)
  }

  /** The best of what is held here, in every dimension. */
  frontier(query: Filter & { metric?: string; limit?: number } = {}): Promise<FrontierAnswer> {
    return frontier(this.#node, { ...query, limit: query.limit ?? LIMIT })
  }

  /** The best that is known anywhere, and who claims to hold it. */
  federatedFrontier(): Promise<FederatedEntry[]> {
    return federatedFrontier(this.#node)
  }

  search(text: string, query: Filter & { limit?: number } = {}): Promise<SearchResult[]> {
    const { limit = LIMIT, ...filter } = query
    return searchContributions(this.#node, text, filter, limit)
  }

  /** Contributions oldest first. */
  async list(
    query: Filter & { limit?: number; offset?: number } = {},
  ): Promise<ContributionView[]> {
    const { limit = LIST, offset = 0, ...filter } = query
    return (await listContributions(this.#node, filter, { limit, offset })).items
  }

  children(cid: string): Promise<ContributionView[]> {
    return children(this.#node, parseCid(cid))
  }

  ancestors(cid: string): Promise<ContributionView[]> {
    return ancestors(this.#node, parseCid(cid))
  }

  thread(cid: string): Promise<ThreadNode[]> {
    return thread(this.#node, parseCid(cid))
  }

  diff(
    parent: string,
    child: string,
    artifact: string,
  ): Promise<{ parent: string; child: string }> {
    return diff(this.#node, parseCid(parent), parseCid(child), artifact)
  }

  peers(): FederationPeer[] {
    return federationPeers(this.#node)
  }

  /** One round of background sync, now. */
  sync(options: WaitOptions = {}): Promise<SyncReport> {
    return this.#node.sync.round(options)
  }

  /** What happens from now on, until the signal aborts. */
  events(signal: AbortSignal): AsyncIterable<GroveEvent> {
    return this.#node.events.subscribe(signal)
  }

  /** Ends everything that is under way and closes the stores. */
  close(): Promise<void> {
    return this.#close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

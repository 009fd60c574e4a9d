import type { CallOptions, GroveApi } from './api/client/api.ts'
import { type CheckoutOptions, type CheckoutResult, checkoutInto } from './api/client/checkout.ts'
import { type ArtifactFile, publishFiles } from './api/client/stage.ts'
import { isCid, parseCid } from './core/cid.ts'
import { isPath, nameOf } from './core/contribution/names.ts'
import type { ContributionView, Draft } from './core/contribution/schema.ts'
import { GroveError, isGroveError } from './core/errors.ts'
import type { GroveEvent } from './core/wire/events.ts'
import type { FederationPeer, SyncReport } from './core/wire/federation.ts'
import type { FetchOptions, FetchResult } from './core/wire/fetch.ts'
import type { FileList } from './core/wire/files.ts'
import type { FederatedEntry, Filter, FrontierAnswer, SearchResult } from './core/wire/frontier.ts'
import type { ThreadNode } from './core/wire/threads.ts'
import type { TransferProgress } from './node/context.ts'
import type { ByteSource } from './ports/blob-store.ts'

/** An artifact to publish: bytes, a stream of bytes, text, or the content id of a held blob. */
export type ArtifactInput = ByteSource | string

/** A draft whose artifacts may be given as bytes. */
export type Work = Omit<Draft, 'artifacts'> & {
  /** By name, as in the manifest. */
  readonly artifacts?: Readonly<Record<string, ArtifactInput>>
  /** By path, of any characters: each becomes the artifact of the name that stands for it. */
  readonly files?: Readonly<Record<string, ArtifactInput>>
}

/** What a frontier is asked for. */
type FrontierOptions = Filter & {
  metric?: string
  limit?: number
  metrics?: number
  after?: string
}

/** Options of a call that waits. */
export interface WaitOptions {
  readonly signal?: AbortSignal
}

/** What a grove is made of. */
export interface OpenGrove {
  readonly api: GroveApi
  readonly peerId: string
  readonly url: string | undefined
  close(): Promise<void>
}

/**
 * A grove in this process, or one whose directory another process has open. Its methods are the
 * common operations, with plain arguments; `api` has all of them. All throw GroveError with a
 * stable `code`.
 */
export class Grove {
  readonly #close: () => Promise<void>
  /** Every operation of the HTTP API: `grove.api.standing({ cid })`. */
  readonly api: GroveApi
  /** The id by which other groves know this one. */
  readonly peerId: string
  /** Where agents and other groves reach this one; undefined if it doesn't listen. */
  readonly url: string | undefined

  constructor({ api, peerId, url, close }: OpenGrove) {
    this.api = api
    this.peerId = peerId
    this.url = url
    this.#close = close
  }

  /**
   * Stores the artifacts, then seals and stores the manifest. All of it is durable when the promise
   * resolves. Publishing the same work again changes nothing. Throws `metric-conflict` where a
   * score has another direction or unit than those of most works published here, unless you
   * `insist`.
   */
  async publish(
    work: Work,
    options: WaitOptions & { readonly insist?: boolean } = {},
  ): Promise<ContributionView> {
    const { files: byPath = {}, artifacts: byName = {}, ...draft } = work
    const artifacts: Record<string, string> = {}
    const files: ArtifactFile[] = []
    for (const [name, input] of namedInputs(byName, byPath)) {
      if (isCid(input)) artifacts[name] = input
      else files.push({ name, open: () => bytesOf(input), isOnce: isStream(input) })
    }
    return publishFiles(this.api, { ...draft, artifacts }, files, options)
  }

  /**
   * Fetches a contribution from the given peer (an address or id), or else from peers that
   * advertised it. What could not be had is listed in `missing`. Throws if there is no manifest.
   */
  fetchRemoteContribution(
    cid: string,
    peerAddress?: string,
    options: Omit<FetchOptions, 'peer'> &
      WaitOptions & { onProgress?: (progress: TransferProgress) => void } = {},
  ): Promise<FetchResult> {
    const { signal, onProgress, ...rest } = options
    const call: CallOptions = {
      ...(signal && { signal }),
      ...(onProgress && { onTransfer: onProgress }),
    }
    return this.api.fetchContribution({ cid, peer: peerAddress, ...rest }, call)
  }

  /** Writes a contribution's artifacts into a directory, after fetching those that are missing. */
  checkout(cid: string, directory: string, options: CheckoutOptions = {}): Promise<CheckoutResult> {
    return checkoutInto(this.api, parseCid(cid), directory, options)
  }

  /** A contribution; undefined if it isn't held. */
  async get(cid: string): Promise<ContributionView | undefined> {
    try {
      return await this.api.contribution({ cid })
    } catch (error) {
      if (isGroveError(error, 'not-found')) return undefined
      throw error
    }
  }

  /** The bytes of an artifact. Throws `blob-missing` if they aren't held. */
  async artifact(
    cid: string,
    name: string,
    options: WaitOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    return (await this.api.artifact({ cid: parseCid(cid), name }, options)).body
  }

  /**
   * The local frontier: the best works held here, in each dimension. Another `kind` ranks among its
   * own. Of many metrics it gives 100 at a time, or fewer where the limit is above 50: `nextAfter`
   * of the answer is the next `after`.
   */
  frontier(query: FrontierOptions = {}): Promise<FrontierAnswer> {
    return this.api.frontier({ kind: 'work', ...query })
  }

  /** The federated frontier: the best that is known anywhere, with the peers that advertise it. */
  async federatedFrontier(): Promise<FederatedEntry[]> {
    return (await this.api.federatedFrontier({})).entries
  }

  /** Full-text search: contributions that have every word, best match first. */
  async search(text: string, query: Filter & { limit?: number } = {}): Promise<SearchResult[]> {
    return (await this.api.search({ q: text, ...query })).results
  }

  /** Held contributions, oldest first. */
  async list(
    query: Filter & { limit?: number; offset?: number } = {},
  ): Promise<ContributionView[]> {
    return (await this.api.listContributions(query)).items
  }

  /** Held contributions with a relation to this one, oldest first. */
  children(cid: string): Promise<ContributionView[]> {
    return this.api.children({ cid })
  }

  /** Held contributions that this one has a relation to, oldest first. */
  ancestors(cid: string): Promise<ContributionView[]> {
    return this.api.ancestors({ cid })
  }

  /** A contribution and the replies to it, by depth. */
  async thread(cid: string): Promise<ThreadNode[]> {
    return (await this.api.thread({ cid })).nodes
  }

  /** The files of a contribution by their paths, as many as one page has. */
  files(cid: string, page: { limit?: number; offset?: number } = {}): Promise<FileList> {
    return this.api.files({ cid, ...page })
  }

  /** The bytes of a file by its path. Throws `blob-missing` if they aren't held. */
  async file(
    cid: string,
    path: string,
    options: WaitOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    return (await this.api.file({ cid: parseCid(cid), path }, options)).body
  }

  /** One artifact of two contributions, each as text. */
  diff(
    parent: string,
    child: string,
    artifact: string,
  ): Promise<{ parent: string; child: string }> {
    return this.api.diff({ parent, child, artifact })
  }

  /** The peers that this grove knows, with their records. */
  async peers(): Promise<FederationPeer[]> {
    return (await this.api.federationPeers({})).peers
  }

  /** Runs one round of background sync now. */
  sync(options: WaitOptions = {}): Promise<SyncReport> {
    return this.api.sync({}, options)
  }

  /**
   * The events from now on, until the signal aborts. With `after`, the `id` of an event, the
   * contributions stored since that event come first.
   */
  events(signal: AbortSignal, { after }: { after?: string } = {}): AsyncIterable<GroveEvent> {
    return this.api.events({ signal, after })
  }

  /** Ends what is under way, then closes the server, if there is one, and the stores. */
  close(): Promise<void> {
    return this.#close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const isStream = (input: ArtifactInput): boolean =>
  typeof input !== 'string' && !(input instanceof Uint8Array)

/** Artifacts by name. Throws `usage-error` for what is no path, or two files of one name. */
function namedInputs(
  byName: Readonly<Record<string, ArtifactInput>>,
  byPath: Readonly<Record<string, ArtifactInput>>,
): Map<string, ArtifactInput> {
  const inputs = new Map(Object.entries(byName))
  for (const [path, input] of Object.entries(byPath)) {
    const name = nameOf(path)
    if (!isPath(path) || inputs.has(name)) {
      const why = isPath(path) ? 'is given twice' : 'is no relative path'
      throw new GroveError('usage-error', { path }, { message: `the file '${path}' ${why}` })
    }
    inputs.set(name, input)
  }
  return inputs
}

function bytesOf(input: ArtifactInput): ByteSource {
  return typeof input === 'string' ? Buffer.from(input, 'utf8') : input
}

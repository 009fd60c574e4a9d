import type { Precedence } from '../../concurrency/shares/precedence.ts'
import { type GroveError, isGroveError } from '../../core/errors.ts'
import type { SigningKey } from '../../core/identity/ed25519.ts'
import { hexDigits, type Random } from '../../core/random.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ContributionInfo, ReadOptions } from '../../ports/graph-index.ts'
import type { Log } from '../../ports/log.ts'
import type { NextTurn } from '../../ports/stores.ts'
import { type Epoch, Epochs } from '../epochs.ts'
import { Connection } from './database/connection.ts'
import { DatabaseFile } from './database/database-file.ts'
import { mendRights } from './database/rights.ts'
import { hasRoom, noRoom } from './database/room.ts'
import { LongReads, mayBeLong } from './reader/long-reads.ts'
import { ReaderPool } from './reader/pool.ts'
import type { Answer, LongQuery, LongType, Query, ReadRows, ShortType } from './reader/query.ts'
import { Reader } from './reader/reader.ts'
import { UNWATCHED } from './reader/watch.ts'
import type { DamagedManifests } from './tables/contributions.ts'
import { beginEpoch, epochsOf, lastSeq } from './tables/log.ts'
import { WordIndex } from './tables/word-index.ts'
import { CommitQueue } from './writer/commit-queue.ts'
import { deriveAgainIfOld } from './writer/derivation.ts'
import { disownIfCopied } from './writer/home.ts'
import type { Job, JobResult } from './writer/jobs.ts'

interface SessionOptions {
  readonly nextTurn: NextTurn
  readonly clock: Clock
  readonly random: Random
  readonly damaged: DamagedManifests
  readonly log: Log
  readonly precedence?: Precedence
}

/**
 * An open database, shared by the stores that live in it. Short reads are answered here and at
 * once, long ones in a thread of their own; writes go through the commit queue. On a full disk,
 * or without the right to write its files, it is only read, until a write finds that it can.
 */
export class Session {
  readonly #connection: Connection
  readonly #reader: Reader
  readonly #longReads: LongReads
  readonly #pool: ReaderPool
  readonly #nextTurn: NextTurn
  readonly #queue: CommitQueue
  readonly epochs: Epochs
  /** What this opening stores belongs to it. It is noted together with the first of that. */
  readonly #epoch: Epoch
  #hasBegun = false
  readonly #file: string
  readonly #opened: DatabaseFile
  readonly #log: Log
  /** Why nothing can be stored; undefined where it can. */
  #obstacle: GroveError | undefined

  /** Throws what `openDatabase` throws. */
  constructor(file: string, options: SessionOptions) {
    const { nextTurn, clock, random, damaged, log, precedence } = options
    this.#file = file
    this.#log = log
    mendRights(file)
    this.#connection = this.#connect()
    this.#opened = new DatabaseFile(file)
    const words = new WordIndex(this.#connection)
    try {
      // On a full disk this throws, since without it rankings are empty or old.
      deriveAgainIfOld(this.#connection)
      if (this.#obstacle === undefined) this.#disownIfCopied()
      if (this.#obstacle === undefined && !this.#connection.read(() => words.isCurrent))
        this.#connection.write(() => words.buildIfSmall())
      const first = { id: hexDigits(random, 16), after: 0 }
      const past = this.#connection.read(() => epochsOf(this.#connection))
      if (past.length === 0) this.#connection.write(() => beginEpoch(this.#connection, first))
      this.#epoch = {
        id: hexDigits(random, 16),
        after: this.#connection.read(() => lastSeq(this.#connection)),
      }
      const [earliest = first, ...others] = past
      this.epochs = new Epochs([earliest, ...others, this.#epoch])
    } catch (error) {
      this.#connection.close()
      throw error
    }
    this.#reader = new Reader(this.#connection, damaged)
    this.#longReads = new LongReads(this.#connection, UNWATCHED)
    this.#pool = new ReaderPool(this.#opened, clock, precedence)
    this.#nextTurn = nextTurn
    this.#queue = new CommitQueue(this.#opened, nextTurn, clock, precedence)
    if (this.#obstacle === undefined && !this.#connection.read(() => words.isCurrent))
      this.#buildWords()
  }

  async read<T extends ShortType>(query: Query<T>): Promise<Answer<T>> {
    return this.#reader.answer(query)
  }

  /**
   * Answers what may take long, in a thread of its own where it does. Throws as `ReaderPool.ask`.
   */
  async find<T extends LongType>(query: LongQuery<T>, options?: ReadOptions): Promise<Answer<T>> {
    const held = this.#reader.answer({ type: 'contribution-count' })
    // Nobody else may open a database that is read on a full disk.
    return this.#obstacle !== undefined || !mayBeLong(query as LongQuery, held)
      ? this.#longReads.answer(query)
      : this.#pool.ask(query, options)
  }

  /**
   * What rankings show of those of these rows that are whole, in their order. Others get the thread
   * in between.
   */
  infos(ids: readonly number[]): Promise<[number, ContributionInfo][]> {
    return this.#inTurns(ids, (from) => this.#reader.answer({ type: 'infos', ids, from }))
  }

  async #inTurns<T>(
    ids: readonly number[],
    read: (from: number) => ReadRows<T>,
  ): Promise<[number, T][]> {
    const all: [number, T][] = []
    for (let from = 0; from < ids.length; ) {
      const { items, to } = read(from)
      for (const [id, item] of items) all.push([id, item])
      from = to
      if (from < ids.length) await new Promise<void>(this.#nextTurn)
    }
    return all
  }

  /**
   * Resolves once the job is durable, and visible to `read`, with whether it changed anything.
   * Throws `storage-full`, `read-only`, `busy` where too much of the asker's waits, and
   * `storage-failed` where the database was taken away.
   */
  async write(job: Job, asker?: string): Promise<boolean> {
    return (await this.do(job, asker)).changed
  }

  /** The same, with all that came of it. */
  async do(job: Job, asker?: string): Promise<JobResult> {
    if (this.#obstacle !== undefined && !this.#isWritableAgain()) throw this.#obstacle
    if (job.type === 'put-contribution' && !this.#hasBegun) this.#begin(asker)
    return this.#queue.do(job, asker)
  }

  /** From now on, what is put as `local` is signed with this key. */
  signWith(key: SigningKey): void {
    this.#queue.signWith(key)
  }

  /** Throws `storage-full`, `read-only`, `storage-failed` where nothing can be stored now. */
  async check({ writes }: { readonly writes: boolean }): Promise<void> {
    this.#opened.require()
    if (!hasRoom(this.#file)) throw noRoom(this.#file)
    if (this.#obstacle?.code === 'read-only' && !mendRights(this.#file)) throw this.#obstacle
    if (!writes) return
    await this.write({ type: 'set-record', space: 'probe', key: 'probe', value: '{}' })
  }

  /** Step by step: other writes go in between. Where one fails, the next opening goes on. */
  #buildWords(): void {
    this.#queue.write({ type: 'build-words' }).then(
      (isMore) => {
        if (isMore) this.#buildWords()
      },
      () => {},
    )
  }

  #disownIfCopied(): void {
    const disowned = disownIfCopied(this.#connection, this.#file)
    if (disowned === undefined) return
    const message = 'the directory is a copy: what was published in it counts as foreign'
    const remedy =
      'never serve it beside the one that it was copied from: others take both for one grove; ' +
      '`grove identity rotate` makes this one another'
    this.#log.warn(message, { file: this.#file, disowned, remedy })
  }

  #connect(): Connection {
    let connection: Connection
    try {
      connection = new Connection(this.#file)
    } catch (err) {
      if (hasRoom(this.#file)) throw err
      this.#obstacle = noRoom(this.#file)
      this.#log.warn('the disk is full: serving what is held, storing nothing', { err })
      return new Connection(this.#file, { sharing: 'alone' })
    }
    this.#obstacle = obstacleOf(connection)
    if (this.#obstacle !== undefined)
      this.#log.warn('serving what is held, storing nothing', { err: this.#obstacle })
    return connection
  }

  #isWritableAgain(): boolean {
    if (!hasRoom(this.#file) || !mendRights(this.#file)) return false
    try {
      this.#connection.reopen({ sharing: 'shared' })
    } catch (err) {
      this.#log.warn('nothing can be stored yet', { err })
      this.#connection.reopen({ sharing: 'alone' })
      return false
    }
    this.#obstacle = obstacleOf(this.#connection)
    if (this.#obstacle === undefined) this.#log.info('something can be stored again')
    return this.#obstacle === undefined
  }

  /**
   * Goes before the first contribution of the same asker. Where this fails, positions in the epoch
   * are not found after a restart, which is no harm.
   */
  #begin(asker: string | undefined): void {
    this.#hasBegun = true
    this.#queue.write({ type: 'begin-epoch', ...this.#epoch }, asker).catch(() => {
      this.#hasBegun = false
    })
  }

  /** Commits what is waiting and closes the file. */
  async close(): Promise<void> {
    await this.#pool.close()
    await this.#queue.close()
    this.#connection.close()
  }
}

/**
 * Why an open database can't be written, where this user has no right to. Any other reason is told
 * by the first write.
 */
function obstacleOf(connection: Connection): GroveError | undefined {
  try {
    // It begins to write, and writes nothing.
    connection.write(() => connection.sql('DELETE FROM record WHERE false').run())
    return undefined
  } catch (error) {
    return isGroveError(error, 'read-only') ? error : undefined
  }
}

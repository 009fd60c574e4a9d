import type { Random } from '../../core/random.ts'
import type { NextTurn } from '../../ports/stores.ts'
import { Connection } from './database/connection.ts'
import { openLog } from './tables/log.ts'
import { CommitQueue } from './writer/commit-queue.ts'
import type { Job } from './writer/jobs.ts'

/** An open database, shared by the stores that live in it: reads here and at once, writes through the commit queue. */
export class Session {
  readonly connection: Connection
  readonly logId: string
  readonly #queue: CommitQueue

  /** Throws what `openDatabase` throws. */
  constructor(file: string, { nextTurn, random }: { nextTurn: NextTurn; random: Random }) {
    this.connection = new Connection(file)
    try {
      this.logId = openLog(this.connection, file, random)
    } catch (error) {
      this.connection.close()
      throw error
    }
    this.#queue = new CommitQueue(file, nextTurn)
  }

  read<T>(work: (connection: Connection) => T): Promise<T> {
    return this.connection.read(() => work(this.connection))
  }

  /** Resolves once the job is durable, and visible to `read`, with whether it changed anything. */
  write(job: Job): Promise<boolean> {
    return this.#queue.write(job)
  }

  /** Commits what is waiting and closes the file. */
  async close(): Promise<void> {
    await this.#queue.close()
    this.connection.close()
  }
}

import type { ChildProcess } from 'node:child_process'
import type { Workbench } from './workbench.ts'

/** One request of many. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface RequestsJob {
  readonly type: 'requests'
  readonly origin: string
  readonly connections: number
  readonly requests: readonly LoadRequest[]
}

export interface UploadJob {
  readonly type: 'upload'
  readonly origin: string
  readonly method: 'POST' | 'PUT'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly file: string
  readonly head: string
  readonly tail: string
}

export interface DownloadJob {
  readonly type: 'download'
  readonly origin: string
  readonly path: string
  readonly file: string
  /** Whether to wait until it is on the disk. */
  readonly sync: boolean
}

export type Job = RequestsJob | UploadJob | DownloadJob

/** How long a job took, and how much processor time of the load process. */
export interface Took {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Its lists are in the order of the requests. */
export interface RequestsResult extends Took {
  readonly latenciesMs: readonly number[]
  readonly statuses: readonly number[]
  readonly answers: readonly string[]
}

export interface TransferResult extends Took {
  readonly answer: string
}

/**
 * A process that sends requests (load-process.ts), apart from the one that measures so that neither
 * takes the other's time.
 */
export class Load {
  readonly #child: ChildProcess

  constructor(bench: Workbench) {
    this.#child = bench.fork('load-process.ts')
  }

  /** Sends all requests over this many connections. Throws if one fails. */
  async requests(
    origin: string,
    connections: number,
    requests: readonly LoadRequest[],
  ): Promise<RequestsResult> {
    const result = (await this.#run({
      type: 'requests',
      origin,
      connections,
      requests,
    })) as RequestsResult
    const wrong = result.statuses.findIndex((status) => status >= 300)
    if (wrong < 0) return result
    throw new Error(
      `${requests[wrong]?.path}: ${result.statuses[wrong]} ${result.answers[wrong]?.slice(0, 500)}`,
    )
  }

  async upload(job: Omit<UploadJob, 'type'>): Promise<TransferResult> {
    return (await this.#run({ type: 'upload', ...job })) as TransferResult
  }

  async download(job: Omit<DownloadJob, 'type'>): Promise<TransferResult> {
    return (await this.#run({ type: 'download', ...job })) as TransferResult
  }

  #run(job: Job): Promise<RequestsResult | TransferResult> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the load process ended'))
      child.once('exit', onExit)
      child.once(
        'message',
        (message: { result: RequestsResult | TransferResult } | { error: string }) => {
          child.off('exit', onExit)
          if ('result' in message) resolve(message.result)
          else reject(new Error(message.error))
        },
      )
      child.send(job)
    })
  }
}

import type { ChildProcess } from 'node:child_process'
import type { Workbench } from './workbench.ts'

/** One request of many. */
export interface Ask {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface RequestsJob {
  readonly type: 'requests'
  readonly origin: string
  readonly connections: number
  readonly requests: readonly Ask[]
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
  /** Wait until the disk has it. */
  readonly sync: boolean
}

export type Job = RequestsJob | UploadJob | DownloadJob

/** In the order of the requests. */
export interface RequestsResult {
  readonly seconds: number
  /** Processor time of the load process, in seconds. */
  readonly processor: number
  readonly latenciesMs: readonly number[]
  readonly statuses: readonly number[]
  readonly answers: readonly string[]
}

export interface TransferResult {
  readonly seconds: number
  /** Processor time of the load process, in seconds. */
  readonly processor: number
  readonly answer: string
}

/** The process that asks, as seen from the one that measures: apart, so that neither takes the other's time. */
export class Load {
  readonly #child: ChildProcess

  constructor(bench: Workbench) {
    this.#child = bench.fork('load.ts')
  }

  /** All requests, so many at once. Throws where one is not answered with success. */
  async requests(
    origin: string,
    connections: number,
    requests: readonly Ask[],
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

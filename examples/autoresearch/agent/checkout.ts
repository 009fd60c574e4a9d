import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, formatConfig, readConfig } from '../config.ts'
import { type Corpus, readCorpus } from '../corpus.ts'
import { type Result, train } from '../train.ts'
import type { Contribution, GroveApi } from './grove-api.ts'

/** The metric, in bits per byte; lower is better. */
export const METRIC = 'val_bpb'

/** Work that is checked out, ready to train. */
export interface Checkout {
  readonly work: Contribution
  /** Its published figure. */
  readonly figure: number
  readonly config: Config
  readonly corpus: Corpus
}

/**
 * Checks out a contribution's config and corpus into `dir`. All name the same corpus, which is read
 * once.
 */
export async function checkOut(grove: GroveApi, cid: string, dir: string): Promise<Checkout> {
  const work = await grove.complete(cid)
  const figure = work.scores?.[METRIC]?.value
  const corpusBlob = work.artifacts['corpus.json']
  if (figure === undefined || corpusBlob === undefined)
    throw new Error(`${cid} is not a trial: it has no figure or no corpus`)
  mkdirSync(dir, { recursive: true })
  const configPath = join(dir, 'config.json')
  const corpusPath = join(dir, `corpus-${corpusBlob.slice(-16)}.json`)
  writeFileSync(configPath, await grove.artifact(cid, 'config.json'))
  if (!existsSync(corpusPath)) writeFileSync(corpusPath, await grove.blob(corpusBlob))
  return { work, figure, config: readConfig(configPath), corpus: readCorpus(corpusPath) }
}

/**
 * Trains a config. Returns the result and the files to publish with it, as `train.ts` writes them.
 */
export function runTrial(
  config: Config,
  corpus: Corpus,
): { result: Result; files: Record<string, string> } {
  const { result, log } = train(config, corpus)
  const files = {
    'config.json': formatConfig(config),
    'train.log': `${log.join('\n')}\n`,
    'result.json': `${JSON.stringify(result, null, 2)}\n`,
  }
  return { result, files }
}

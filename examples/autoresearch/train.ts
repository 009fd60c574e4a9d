import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runAsCommand } from './command.ts'
import { type Config, configHash, formatConfig, readConfig } from './config.ts'
import { bytesOf, type Corpus, corpusHash, readCorpus } from './corpus.ts'
import { inputsOf, LanguageModel } from './model/language-model.ts'
import { costToBits } from './model/logistic.ts'

/**
 * The most that a trial may spend on training, in bytes × mixer inputs. A config with more inputs
 * or passes reads less text, so every trial takes a second or two, and figures don't depend on a
 * clock.
 */
export const TRAINING_BUDGET = 3_000_000

const PROGRESS_LINES = 8

/**
 * The result of a trial, in result.json. The same config and corpus give the same result, digit for
 * digit.
 */
export interface Result {
  /**
   * Bits per byte on the held-out text. Each byte is predicted before it is seen, and then learned.
   */
  readonly val_bpb: number
  /** The same for the training text. */
  readonly train_bpb: number
  readonly trainedBytes: number
  readonly heldOutBytes: number
  /** The number of mixer inputs. */
  readonly inputs: number
  /** SHA-256 of the config's text. */
  readonly configHash: string
  /** SHA-256 of the corpus file. */
  readonly corpusHash: string
}

/**
 * Trains a model on the training text and measures it on the held-out text. `log` has a string for
 * each line.
 */
export function train(config: Config, corpus: Corpus): { result: Result; log: string[] } {
  const text = bytesOf(corpus.train)
  const heldOut = bytesOf(corpus.heldOut)
  const inputs = inputsOf(config)
  const wanted = text.length * config.passes
  const trainedBytes = Math.min(wanted, Math.floor(TRAINING_BUDGET / inputs))
  const model = new LanguageModel(config, trainedBytes + heldOut.length)
  const source = `${wanted} bytes (${config.passes} × ${text.length})`
  const log = [
    ...formatConfig(config).trimEnd().split('\n'),
    `training on ${trainedBytes} of ${source} with ${inputs} inputs`,
  ]

  const trainBits = readTraining(model, text, trainedBytes, log)
  let cost = 0
  for (const byte of heldOut) cost += model.learn(byte)

  const result: Result = {
    val_bpb: perByte(costToBits(cost), heldOut.length),
    train_bpb: perByte(trainBits, trainedBytes),
    trainedBytes,
    heldOutBytes: heldOut.length,
    inputs,
    configHash: configHash(config),
    corpusHash: corpusHash(corpus),
  }
  log.push(`val_bpb ${result.val_bpb} over ${heldOut.length} held-out bytes`)
  return { result, log }
}

/**
 * Reads `total` bytes of `text`, starting over at its end, and logs progress. Returns the coding
 * cost in bits.
 */
function readTraining(
  model: LanguageModel,
  text: Uint8Array,
  total: number,
  log: string[],
): number {
  let all = 0
  for (let line = 0; line < PROGRESS_LINES; line++) {
    const start = Math.floor((total * line) / PROGRESS_LINES)
    const end = Math.floor((total * (line + 1)) / PROGRESS_LINES)
    let cost = 0
    for (let at = start; at < end; at++) cost += model.learn(text[at % text.length] as number)
    const bpb = perByte(costToBits(cost), end - start)
    log.push(`${String(end).padStart(8)} bytes read: ${bpb} bpb since the last line`)
    all += cost
  }
  return costToBits(all)
}

/** Bits per byte to six decimals; 0 for no bytes. */
function perByte(bits: number, bytes: number): number {
  return bytes === 0 ? 0 : Math.round((bits / bytes) * 1e6) / 1e6
}

runAsCommand(
  import.meta.url,
  {
    usage: 'node train.ts --config FILE --corpus FILE --out DIR',
    options: { config: undefined, corpus: undefined, out: undefined },
  },
  ({ config, corpus, out }) => {
    const { result, log } = train(readConfig(config), readCorpus(corpus))
    mkdirSync(out, { recursive: true })
    writeFileSync(join(out, 'train.log'), `${log.join('\n')}\n`)
    writeFileSync(join(out, 'result.json'), `${JSON.stringify(result, null, 2)}\n`)
    return `val_bpb ${result.val_bpb} (train.log and result.json are in ${out})`
  },
)

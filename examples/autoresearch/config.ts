import { createHash } from 'node:crypto'
import { z } from 'zod'
import { readJson } from './json-file.ts'
import { MAX_COUNT } from './model/context-table.ts'

const ascending = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value > (values[i - 1] as number))

/** Every hyper-parameter of the language model, which is what an agent may change. */
export const configSchema = z.strictObject({
  orders: z
    .array(z.int().min(0).max(8))
    .min(1)
    .max(8)
    .refine(ascending, 'must ascend without repeats')
    .describe('one context table for each n: the n bytes before'),
  word: z
    .enum(['off', 'word', 'pair'])
    .describe('a table for the current word, or for it and the word before'),
  match: z
    .int()
    .min(0)
    .max(16)
    .describe('bytes that must repeat before the match model predicts; 0: off'),
  tableBits: z.int().min(12).max(20).describe('each context table has 2^tableBits counters'),
  memory: z
    .array(z.int().min(2).max(MAX_COUNT))
    .min(1)
    .max(2)
    .refine(ascending, 'must ascend without repeats')
    .describe(
      'sightings a counter averages over; two values: a fast and a slow counter for every context',
    ),
  calibrate: z
    .boolean()
    .describe('learn what a counter of this count and probability is worth, for each table'),
  mixerRate: z.number().min(0.0001).max(0.1).describe('step of the mixer per nat of error'),
  mixerSelect: z
    .enum(['none', 'bits', 'byte', 'depth'])
    .describe('what chooses among the sets of mixer weights'),
  initialWeight: z.number().min(0.05).max(2).describe('every mixer weight at the start'),
  sse: z
    .enum(['off', 'bits', 'byte'])
    .describe('correct the final probability by the outcomes in this context'),
  passes: z.int().min(1).max(3).describe('times the training text is read'),
})

/** A valid config. */
export type Config = Readonly<z.infer<typeof configSchema>>

/**
 * A config is invalid. The message names its source, each wrong field, and what the field must be.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Checks a parsed config. `source` names it in messages. Throws ConfigError. */
export function parseConfig(value: unknown, source = 'config'): Config {
  const result = configSchema.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the config'}: ${issue.message}`,
  )
  throw new ConfigError(`${source} is not a valid config: ${faults.join('; ')}`)
}

/** Reads and checks a config file. Throws ConfigError, or the error of `readJson`. */
export function readConfig(path: string): Config {
  return parseConfig(readJson(path), path)
}

/** A config as text, one field a line in the schema's order: equal configs are equal bytes. */
export function formatConfig(config: Config): string {
  const keys = Object.keys(configSchema.shape) as (keyof Config)[]
  const fields = keys.map(
    (key) => `  "${key}": ${JSON.stringify(config[key]).replaceAll(',', ', ')}`,
  )
  return `{\n${fields.join(',\n')}\n}\n`
}

/**
 * The SHA-256 of the config's text, in hex: equal for equal configs, whatever their files look
 * like.
 */
export function configHash(config: Config): string {
  return createHash('sha256').update(formatConfig(config)).digest('hex')
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { UsageError } from './command.ts'
import { type Scenario, scenarioSchema } from './scenario/scenario.ts'

const SUFFIX = '.json'
const scenarios = join(import.meta.dirname, 'scenarios')
const regressions = join(import.meta.dirname, 'regressions')

/** A piece of code that keeps a fault away. Without it, all else being as it is, the run fails. */
const fixSchema = z.strictObject({
  /** Its path in the project. */
  file: z.string().min(1),
  /** The piece, which the file holds once. */
  is: z.string().min(1),
  /** What stands in its place without the fix. */
  was: z.string(),
  /** Part of a violation that the run then has. */
  shows: z.string().min(1),
})
export type Fix = z.infer<typeof fixSchema>

/** A pinned run: what was wrong in it, and the smallest scenario that shows it. */
const regressionSchema = z.strictObject({
  found: z.string().min(1),
  seed: z.number().int().nonnegative(),
  /**
   * The scenario's name when it was found. Randomness depends on it: another name is another run.
   */
  foundAs: z.string().min(1).optional(),
  /** None until the fault is mended. */
  fixes: z.array(fixSchema).default([]),
  scenario: scenarioSchema,
})

/** A pinned run as it is played. */
interface Regression {
  readonly found: string
  readonly seed: number
  readonly fixes: readonly Fix[]
  readonly scenario: Scenario
}

/** A scenario by its name, or from any file. Throws `UsageError` with what is wrong with it. */
export function readScenario(nameOrFile: string): Scenario {
  const isFile = nameOrFile.endsWith(SUFFIX)
  const name = isFile ? basename(nameOrFile, SUFFIX) : nameOrFile
  return {
    name,
    ...read(isFile ? nameOrFile : fileOf('scenario', scenarios, name), scenarioSchema),
  }
}

/** A pinned run by its name. Throws `UsageError` with what is wrong with it. */
export function readRegression(name: string): Regression {
  const { foundAs, scenario, ...rest } = read(
    fileOf('regression', regressions, name),
    regressionSchema,
  )
  return { ...rest, scenario: { name: foundAs ?? name, ...scenario } }
}

/** The names of all scenarios, in order. */
export const scenarioNames = (): string[] => namesIn(scenarios)

/** The names of all pinned runs, in order. */
export const regressionNames = (): string[] => namesIn(regressions)

function namesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => basename(file, SUFFIX))
    .sort()
}

function fileOf(what: string, folder: string, name: string): string {
  const file = join(folder, `${name}${SUFFIX}`)
  if (existsSync(file)) return file
  throw new UsageError(
    `there is no ${what} ${JSON.stringify(name)}; there are ${namesIn(folder).join(', ')}`,
  )
}

function read<T extends z.ZodType>(file: string, schema: T): z.output<T> {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(
      `${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  const result = schema.safeParse(value)
  if (!result.success)
    throw new UsageError(`${file} is not valid:\n${z.prettifyError(result.error)}`)
  return result.data
}

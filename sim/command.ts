/** A call that can't be taken: its message is for whoever called. */
export class UsageError extends Error {}

/** Carries out a command. What can't be taken is told in its own words, with how to call it, and ends with 2. */
export async function command(usage: string, run: () => void | Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof UsageError || isAboutArguments(error))) throw error
    process.stderr.write(`${error.message}\n\n${usage}`)
    process.exitCode = 2
  }
}

/** The number that an option gives; undefined where it is not given. Throws `UsageError`. */
export function numberOf(
  text: string | undefined,
  option: string,
  { least = 0, most = Number.MAX_SAFE_INTEGER, whole = true } = {},
): number | undefined {
  if (text === undefined) return undefined
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  throw new UsageError(
    `--${option} takes a ${whole ? 'whole ' : ''}number ${range}, not ${JSON.stringify(text)}`,
  )
}

/** What `parseArgs` throws. */
function isAboutArguments(error: unknown): error is Error {
  return (
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  )
}

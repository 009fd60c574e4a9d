/** A wrong call. Its message is for the caller. */
export class UsageError extends Error {}

/** Runs a command. A wrong call prints its message and the usage, and ends with exit code 2. */
export async function command(usage: string, run: () => void | Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof UsageError || isAboutArguments(error))) throw error
    process.stderr.write(`${error.message}\n\n${usage}`)
    process.exitCode = 2
  }
}

/** The number in an option's text; undefined without one. Throws `UsageError`. */
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

/** Whether `parseArgs` threw it. */
function isAboutArguments(error: unknown): error is Error {
  return (
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  )
}

import { createRequire } from 'node:module'

/** package.json is one folder up from this file, in src/ and in dist/. */
const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

/** The version of the software, as `/api/grove` and `grove --version` show it. */
export const VERSION = version

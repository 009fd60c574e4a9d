import { createRequire } from 'node:module'

/** package.json lies one folder up from here, in src/ as in dist/. */
const manifest = createRequire(import.meta.url)('../package.json') as { readonly version: string }

/** The version of the software, as `/api/grove` and `grove --version` say it. */
export const VERSION = manifest.version

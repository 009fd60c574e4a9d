/** Modes of what a grove makes: only its own user may read what it holds. */
export const PRIVATE_DIRECTORY = 0o700
export const PRIVATE_FILE = 0o600
/** The bits of a mode that let others than its user do anything. */
export const OTHERS = 0o077

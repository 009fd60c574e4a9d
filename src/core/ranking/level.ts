import { z } from 'zod'

/** How far something is believed (PROTOCOL.md §2). */
export const levelSchema = z.enum(['advertised', 'bound', 'evidenced', 'attested'])

export type Level = z.infer<typeof levelSchema>

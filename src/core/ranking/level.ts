import { z } from 'zod'

/** How far something is believed (BEHAVIOUR.md#belief). */
export const levelSchema = z.enum(['advertised', 'bound', 'evidenced', 'attested'])

export type Level = z.infer<typeof levelSchema>

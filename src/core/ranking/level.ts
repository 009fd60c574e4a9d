import { z } from 'zod'

/** The levels of belief, weakest first. */
export const levelSchema = z.enum(['advertised', 'bound', 'evidenced', 'attested'])

/** How far something is believed (BEHAVIOUR.md#belief). */
export type Level = z.infer<typeof levelSchema>

import { z } from 'zod'
import { keyIdSchema, ROTATIONS_MAX, rotationSchema } from '../identity/rotation.ts'

/** Who a grove is, and by which ids others may still know it. */
export const groveIdentitySchema = z.object({
  peerId: keyIdSchema,
  /** The public key in `peerId` as other tools read it: SPKI, in PEM. */
  publicKey: z.string().max(1_000),
  /** The id that it had before groves had keys: nothing proves it. */
  formerly: z.string().max(256).optional(),
  /** Its changes of key, oldest first, each signed by both keys. */
  rotations: z.array(rotationSchema).max(ROTATIONS_MAX),
})
/** Who a grove is: its id, its public key and the changes of it. */
export type GroveIdentity = z.infer<typeof groveIdentitySchema>

import { z } from 'zod'

const probability = z.number().min(0).max(1)
const range = z.tuple([z.number().nonnegative(), z.number().nonnegative()])

/** How the network is. Each is drawn anew for each message or connection. */
export const networkSchema = z.strictObject({
  /** One way, in ms. */
  latencyMs: range.default([5, 40]),
  /** A request, or an answer, that never arrives. */
  loss: probability.default(0),
  /** A request that arrives twice. */
  duplicate: probability.default(0),
  /** A message that is held up for up to two seconds, so that later ones overtake it. */
  reorder: probability.default(0),
  bytesPerSecond: z.number().positive().default(2_000_000),
  /** A connection over which bodies drip, far under the minimum rate. */
  slow: probability.default(0),
  /** A connection that dies in the middle of the body. */
  cut: probability.default(0),
})
export type NetworkConditions = z.infer<typeof networkSchema>

/** How the disks are. */
export const diskSchema = z.strictObject({
  /** Of each write: half before it is durable, half before it is acknowledged. */
  latencyMs: range.default([0, 4]),
  /** A write that fails, leaving nothing. */
  fail: probability.default(0),
  /** A blob whose writing fails in the middle of its bytes. */
  torn: probability.default(0),
  /** A write for which there is no room. */
  full: probability.default(0),
  /** A write during which the machine loses power: before or after it became durable. */
  crash: probability.default(0),
})
export type DiskConditions = z.infer<typeof diskSchema>

/** How wrong the clocks are. */
export const clockSchema = z.strictObject({
  /** Each grove's time of day is off by up to so much, either way. */
  skewMs: z.number().nonnegative().default(0),
  /** Each grove's clock is faster or slower by up to this share. */
  drift: z.number().min(0).max(0.1).default(0),
})

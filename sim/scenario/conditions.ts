import { z } from 'zod'

const probability = z.number().min(0).max(1)
const none = probability.default(0)
/** Least and most of something. */
export const rangeOf = (each: z.ZodNumber) =>
  z.tuple([each, each]).refine(([least, most]) => least <= most, 'the least comes first')
const range = rangeOf(z.number().nonnegative())

/** How the network is. Each is drawn anew for each message or connection. */
const network = {
  /** One way, in ms. */
  latencyMs: range,
  /** A request, or an answer, that never arrives. */
  loss: probability,
  /** A request that arrives twice. */
  duplicate: probability,
  /** A message that is held up for up to two seconds, so that later ones overtake it. */
  reorder: probability,
  bytesPerSecond: z.number().positive(),
  /** A connection over which bodies drip, far under the minimum rate. */
  slow: probability,
  /** A connection that dies in the middle of the body. */
  cut: probability,
}
export const networkSchema = z.strictObject({
  latencyMs: range.default([5, 40]),
  loss: none,
  duplicate: none,
  reorder: none,
  bytesPerSecond: network.bytesPerSecond.default(2_000_000),
  slow: none,
  cut: none,
})
/** A change of it: what is left out stays as it is. */
export const networkChangeSchema = z.strictObject(network).partial()
export type NetworkConditions = z.infer<typeof networkSchema>

/** How the disks are. */
const disk = {
  /** Of each write: half before it is durable, half before it is acknowledged. */
  latencyMs: range,
  /** A write that fails, leaving nothing. */
  fail: probability,
  /** A blob whose writing fails in the middle of its bytes. */
  torn: probability,
  /** A write for which there is no room. */
  full: probability,
  /** A write during which the machine loses power: before or after it became durable. */
  crash: probability,
}
export const diskSchema = z.strictObject({
  latencyMs: range.default([0, 4]),
  fail: none,
  torn: none,
  full: none,
  crash: none,
})
/** A change of it: what is left out stays as it is. */
export const diskChangeSchema = z.strictObject(disk).partial()
export type DiskConditions = z.infer<typeof diskSchema>

/** How wrong the clocks are. */
export const clockSchema = z.strictObject({
  /** Each grove's time of day is off by up to so much, either way. */
  skewMs: z.number().nonnegative().default(0),
  /** Each grove's clock is faster or slower by up to this share. */
  drift: z.number().min(0).max(0.1).default(0),
})

import { z } from 'zod'

const probability = z.number().min(0).max(1)
const none = probability.default(0)
/** The least and the most of something. */
export const rangeOf = (each: z.ZodNumber) =>
  z.tuple([each, each]).refine(([least, most]) => least <= most, 'the lesser comes first')
const range = rangeOf(z.number().nonnegative())

/** The state of the network. Each probability is drawn anew for each message or connection. */
const network = {
  /** One way. */
  latencyMs: range,
  /** A request or an answer never arrives. */
  loss: probability,
  /** A request arrives twice. */
  duplicate: probability,
  /** A message is delayed by up to two seconds, so that later ones overtake it. */
  reorder: probability,
  bytesPerSecond: z.number().positive(),
  /** A connection drips, far below the minimum rate. */
  slow: probability,
  /** A connection breaks in the middle of a body. */
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
/** A change of the network; what is left out stays. */
export const networkChangeSchema = z.strictObject(network).partial()
export type NetworkConditions = z.infer<typeof networkSchema>

/** The state of the disks. Each probability is drawn anew for each write. */
const disk = {
  /** Drawn twice for a write: before it is durable, and before it is acknowledged. */
  latencyMs: range,
  /** A write fails and leaves nothing. */
  fail: probability,
  /** The write of a blob fails in the middle of its bytes. */
  torn: probability,
  /** There is no room for a write. */
  full: probability,
  /** The machine loses power during a write, before or after it is durable. */
  crash: probability,
}
export const diskSchema = z.strictObject({
  latencyMs: range.default([0, 4]),
  fail: none,
  torn: none,
  full: none,
  crash: none,
})
/** A change of the disks; what is left out stays. */
export const diskChangeSchema = z.strictObject(disk).partial()
export type DiskConditions = z.infer<typeof diskSchema>

/** How wrong the clocks are. Each machine's values are drawn once. */
export const clockSchema = z.strictObject({
  /** A clock is off by up to this much, either way. */
  skewMs: z.number().nonnegative().default(0),
  /** A clock is fast or slow by up to this share. */
  drift: z.number().min(0).max(0.1).default(0),
})

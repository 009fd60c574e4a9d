import { z } from 'zod'
import type { Cid } from '../cid.ts'
import { compareText } from '../text.ts'

/** The header of an answer that is a part of a list: where the next part begins, as `after`. */
export const NEXT_HEADER = 'grove-next'

/** A place in a list by age. What is stored meanwhile moves no other's place. */
export interface Age {
  /** When the contribution was made, in Unix ms. */
  readonly createdMs: number
  readonly cid: Cid
}

/** A place in the list of threads. */
export interface ThreadPlace {
  readonly replies: number
  /** When the last reply was made, or the thread itself where nobody has replied; Unix ms. */
  readonly lastMs: number
  readonly cid: Cid
}

/** The place of a thread whose root is listed. */
export function threadPlaceOf(thread: {
  readonly root: Age
  readonly replyCount: number
  readonly lastReplyAt: number | undefined
}): ThreadPlace {
  const { root, replyCount, lastReplyAt = root.createdMs } = thread
  return { replies: replyCount, lastMs: lastReplyAt, cid: root.cid }
}

const AGE = /^(-?\d{1,16})\.(blake3:[0-9a-f]{64})$/
const THREAD = /^(\d{1,16})\.(-?\d{1,16})\.(blake3:[0-9a-f]{64})$/

/** Places as texts, which callers give back as they are. */
export const ageTextSchema = z.string().regex(AGE)
export const threadTextSchema = z.string().regex(THREAD)

export function ageText({ createdMs, cid }: Age): string {
  return `${createdMs}.${cid}`
}

export function threadText({ replies, lastMs, cid }: ThreadPlace): string {
  return `${replies}.${lastMs}.${cid}`
}

/** The place in a text of `ageTextSchema`. */
export function ageIn(text: string): Age {
  const [, createdMs, cid] = AGE.exec(text) ?? []
  return { createdMs: Number(createdMs), cid: cid as Cid }
}

/** The place in a text of `threadTextSchema`. */
export function threadPlaceIn(text: string): ThreadPlace {
  const [, replies, lastMs, cid] = THREAD.exec(text) ?? []
  return { replies: Number(replies), lastMs: Number(lastMs), cid: cid as Cid }
}

/** The order by age: oldest first, ties by cid. */
export function compareAges(a: Age, b: Age): number {
  return a.createdMs - b.createdMs || compareText(a.cid, b.cid)
}

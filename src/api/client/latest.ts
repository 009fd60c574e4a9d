import type { ContributionView } from '../../core/contribution/schema.ts'
import type { Filter } from '../../core/wire/frontier.ts'
import type { CallOptions, GroveApi } from './api.ts'

/**
 * Contributions, newest first (the operation lists the oldest first), and how many match in all.
 */
export async function latest(
  grove: GroveApi,
  filter: Filter,
  page: { limit: number; offset: number },
  options: CallOptions = {},
): Promise<{ items: ContributionView[]; total: number }> {
  const { total } = await grove.listContributions({ ...filter, limit: 1 }, options)
  const end = total - page.offset
  const start = Math.max(0, end - page.limit)
  if (end <= start) return { items: [], total }
  const { items } = await grove.listContributions(
    { ...filter, offset: start, limit: end - start },
    options,
  )
  return { items: items.reverse(), total }
}

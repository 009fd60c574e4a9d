import { z } from 'zod'
import { cidSchema } from '../contribution/schema.ts'

/** A file or symbolic link of a contribution. */
export const fileEntrySchema = z.object({
  /** Relative; a byte that is not UTF-8 is the lone surrogate U+DC00 + byte. */
  path: z.string(),
  /** The name that stands for the path. */
  name: z.string(),
  /** Not for links. */
  hash: cidSchema.optional(),
  /** The name of the artifact that holds its bytes. Not for links. */
  artifact: z.string().optional(),
  /** Undefined while it is unknown. */
  sizeBytes: z.number().int().optional(),
  /** Only for executable files. */
  mode: z.literal('755').optional(),
  /** The target, for links. */
  symlink: z.string().optional(),
  /** Whether its bytes are held here. */
  state: z.enum(['here', 'missing']),
})

/** A file or symbolic link of a contribution. */
export type FileEntry = z.infer<typeof fileEntrySchema>

/** One page of the files of a contribution. */
export const fileListSchema = z.object({
  files: z.array(fileEntrySchema),
  /** Files and links in all. */
  total: z.number().int(),
  /** The `offset` of the next page; undefined after the last. */
  next: z.number().int().optional(),
  /** Bytes of all files, written out; undefined while a size is unknown. */
  totalBytes: z.number().optional(),
  /** Whether the files are in a pack. */
  isPack: z.boolean(),
  /** Names that one directory can't hold: files then go by their names as they are. */
  conflicts: z.array(z.string()),
})

/** One page of the files of a contribution. */
export type FileList = z.infer<typeof fileListSchema>

/** What a holder does when another process asks for its directory. */
export interface Leaving {
  /** False while a call is under way that can't be made again. */
  canLeave(): boolean
  /** Leaves the directory to another process. */
  leave(): void
}

/** True if a host, of a URL or a connection or to listen on, is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host)
  )
}

/** Whether a caller is on another machine. One without an address is in this process. */
export function isElsewhere({
  isLocal = false,
  isForwarded = false,
  remote,
}: {
  readonly isLocal?: boolean
  readonly isForwarded?: boolean
  readonly remote?: string | undefined
}): boolean {
  return !isLocal && remote !== undefined && (isForwarded || !isLoopback(remote))
}

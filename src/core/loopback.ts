/** True if a host, of a URL or a connection or to listen on, is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host)
  )
}

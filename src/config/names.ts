interface ServerNames {
  readonly allowHosts?: readonly string[]
  readonly alsoAt?: readonly string[]
}

/** The names by which a server may be called, besides that of its address. */
export const namesOf = ({ allowHosts = [], alsoAt = [] }: ServerNames): string[] => [
  ...allowHosts,
  ...alsoAt.map((url) => new URL(url).hostname),
]

/** The address at which this machine reaches a server that may listen on all addresses. */
export const callableUrl = (url: string): string =>
  url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')

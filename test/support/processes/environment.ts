/** The environment without the variables that configure a grove, plus `added`. */
export function cleanEnvironment(added: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(GROVE_|GOSSIP_|HOST$|PORT$)/.test(name),
  )
  return { ...Object.fromEntries(inherited), ...added }
}

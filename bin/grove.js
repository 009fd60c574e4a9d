#!/usr/bin/env node
// In old syntax, so that an older Node reaches the message instead of a syntax error.
var needed = [22, 19]
var found = process.versions.node.split('.').map(Number)

if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  fail(
    'grove needs Node ' +
      needed.join('.') +
      ' or newer, and this is Node ' +
      process.versions.node +
      ": install a newer one, or run `npx grove` in grove's own folder, which finds Node 24 by itself",
  )
} else {
  import('../dist/cli/main.js').catch(function (error) {
    if (!/\/dist\/cli\/main\.js$/.test(error.url)) throw error
    fail('grove is not built yet: run `npm run build` in its folder first')
  })
}

function fail(message) {
  process.stderr.write(message + '\n')
  process.exitCode = 1
}

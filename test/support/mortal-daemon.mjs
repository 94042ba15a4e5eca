// The daemon as it was built, with a weakness: node mortal-daemon.mjs CONTROL [USER]. Two queues; a line `terminate N` on standard input ends the
// thread of queue N.
import { createInterface } from 'node:readline'

const { loadConfig } = await import('../../dist/daemon/config.js')
const { runDaemon } = await import('../../dist/daemon/daemon.js')
const { createQueuedStack } = await import('../../dist/daemon/queued-stack.js')

const [control, user] = process.argv.slice(2)
const config = loadConfig({ control, queues: '2', ...(user && { user }) })
const status = await runDaemon(config, {
  createStack: async (config, log) => {
    const stack = await createQueuedStack(config, log)
    createInterface({ input: process.stdin }).on('line', (line) => {
      const [, index] = /^terminate (\d)$/.exec(line) ?? []
      if (index !== undefined) stack.terminate(Number(index))
    })
    return stack
  },
})
process.exit(status)

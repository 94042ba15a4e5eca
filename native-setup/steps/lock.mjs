import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { root, say } from './common.mjs'

/** An abstract socket: taken by one process at a time, and given back however that one ends. */
const NAME = `\0tunstack-setup-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`

/** Waits until no other set-up of this checkout runs; returns what ends ours. */
export async function lock() {
  for (let tries = 0; ; tries++) {
    const server = await listen()
    if (server !== undefined) return () => server.close()
    if (tries === 0) say('another set-up of this checkout is running: waiting for it')
    await sleep(200)
  }
}

/** A server on the name, or undefined while somebody else has it. */
function listen() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    server.listen(NAME, () => resolve(server))
  })
}

// Clients that come one after another: node visitors.mjs ADDRESS PORT COUNT SECONDS. They arrive evenly over SECONDS; each connects to the
// echo service, says ten things, waits for the echo of each, and closes in order. Prints JSON: how many connected, heard everything and saw
// an orderly end; what went wrong; and how long connecting took, milliseconds, in order.
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const ROUNDS = 10
/** So that each stays for a while among the others. */
const PAUSE = 20

const [address, port, count, seconds] = process.argv.slice(2)
const result = { connected: 0, right: 0, closed: 0, errors: {}, waits: [] }
const failed = (code) => {
  result.errors[code] = (result.errors[code] ?? 0) + 1
}

await Promise.all(Array.from({ length: Number(count) }, (_, i) => visit(i)))
result.waits.sort((a, b) => a - b)
console.log(JSON.stringify(result))

async function visit(i) {
  await wait((i * Number(seconds) * 1000) / Number(count))
  const began = performance.now()
  await new Promise((resolve) => {
    const socket = connect(Number(port), address)
    socket.setEncoding('latin1')
    let round = 0
    let heard = ''
    let isEnded = false
    const wanted = () => `visitor ${i}, round ${round}: ${'.'.repeat(round * 100)}\n`
    socket.on('error', (error) => failed(error.code))
    socket.on('connect', () => {
      result.connected++
      result.waits.push(Math.round(performance.now() - began))
      socket.write(wanted())
    })
    socket.on('data', async (text) => {
      heard += text
      if (heard.length < wanted().length) return
      if (heard !== wanted()) {
        failed('WRONG')
        socket.destroy()
        return
      }
      heard = ''
      if (++round === ROUNDS) {
        result.right++
        socket.end()
        return
      }
      await wait(PAUSE)
      if (!socket.destroyed) socket.write(wanted())
    })
    socket.on('end', () => {
      isEnded = true
    })
    socket.on('close', (hadError) => {
      if (isEnded && !hadError && round === ROUNDS) result.closed++
      resolve()
    })
  })
}

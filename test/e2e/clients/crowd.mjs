// Many clients at one time: node crowd.mjs ADDRESS PORT COUNT BYTES. All connect, then all talk to the echo service, then all close in
// order. Prints JSON: how many connected, heard exactly what they said, and saw an orderly end; and what went wrong.
import { connect } from 'node:net'

const [address, port, count, bytes] = process.argv.slice(2)
const result = { connected: 0, right: 0, closed: 0, errors: {} }
const failed = (code) => {
  result.errors[code] = (result.errors[code] ?? 0) + 1
}

const clients = await Promise.all(Array.from({ length: Number(count) }, (_, i) => arrive(i)))
await Promise.all(clients.map(converse))
console.log(JSON.stringify(result))

/** Resolves when the connection stands, or failed to. */
function arrive(i) {
  return new Promise((resolve) => {
    const socket = connect(Number(port), address)
    socket.on('error', (error) => {
      failed(error.code)
      resolve({ i, socket })
    })
    socket.on('connect', () => {
      result.connected++
      resolve({ i, socket })
    })
  })
}

/** Says something of one's own and reads it back; resolves when the connection is closed. */
function converse({ i, socket }) {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve()
    const said = `client ${i} `.repeat(Math.ceil(Number(bytes) / `client ${i} `.length))
    let heard = ''
    let isEnded = false
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      heard += text
    })
    socket.on('end', () => {
      isEnded = true
      if (heard === said) result.right++
      else failed('WRONG')
    })
    socket.on('close', (hadError) => {
      if (isEnded && !hadError) result.closed++
      resolve()
    })
    socket.end(said)
  })
}

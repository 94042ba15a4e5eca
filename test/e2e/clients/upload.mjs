// Sends BYTES (0: for ever) to a port: node upload.mjs ADDRESS PORT BYTES. Prints JSON: bytes sent, megabytes per second, and how it ended:
// `closed` when the peer closed after our FIN, or the error's code. Says `started` on standard error with the first bytes.
import { connect } from 'node:net'

const [address, port, wanted] = process.argv.slice(2)
const total = Number(wanted) || Number.POSITIVE_INFINITY
const chunk = Buffer.alloc(65536, 'abcdefghijklmnopqrstuvwxyz')
const socket = connect(Number(port), address)
let sent = 0
let start = 0
let ending = 'closed'

function fill() {
  while (sent < total) {
    const piece = total - sent < chunk.length ? chunk.subarray(0, total - sent) : chunk
    sent += piece.length
    if (!socket.write(piece)) return
  }
  socket.end()
}

socket.on('connect', () => {
  start = performance.now()
  fill()
})
socket.once('drain', () => process.stderr.write('started\n'))
socket.on('drain', fill)
socket.resume()
socket.on('error', (error) => {
  ending = error.code
})
socket.on('close', () => {
  const seconds = (performance.now() - start) / 1000
  console.log(JSON.stringify({ bytes: socket.bytesWritten, rate: sent / 1e6 / seconds, ending }))
  process.exit()
})

// Sends a datagram of BYTES and waits a second for the answer: node datagram.mjs ADDRESS PORT BYTES. Prints JSON: `answer` in base64, or
// `error`, the code of what the connected socket was told; neither when nothing came.
import { createSocket } from 'node:dgram'

const [address, port, bytes] = process.argv.slice(2)
const socket = createSocket('udp4')

function finish(result) {
  clearTimeout(timer)
  console.log(JSON.stringify(result))
  socket.close()
}

const timer = setTimeout(() => finish({}), 1000)
socket.on('message', (answer) => finish({ answer: answer.toString('base64') }))
socket.on('error', (error) => finish({ error: error.code }))
socket.connect(Number(port), address, () => socket.send(Buffer.alloc(Number(bytes), 'datagram ')))

// Reads BYTES of a character generator and checks each of them (RFC 864): node chargen.mjs ADDRESS PORT BYTES. Prints JSON: bytes that
// were right, megabytes per second, and the digests of what came and of what should have come. Says `started` on standard error with the
// first bytes.
import { createHash } from 'node:crypto'
import { connect } from 'node:net'

const [address, port, wanted] = process.argv.slice(2)
const total = Number(wanted)
const round = Buffer.concat(
  Array.from({ length: 95 }, (_, line) =>
    Buffer.from([...Array.from({ length: 72 }, (_, column) => 0x20 + ((line + column) % 95)), 0x0d, 0x0a]),
  ),
)
const pattern = Buffer.concat(Array.from({ length: 20 }, () => round))
const came = createHash('sha256')
const due = createHash('sha256')
const socket = connect(Number(port), address)
const start = performance.now()
let bytes = 0

/** What is due at `at`, in pieces. */
function* expected(at, length) {
  for (let done = 0; done < length; ) {
    const from = (at + done) % round.length
    const piece = pattern.subarray(from, Math.min(pattern.length, from + length - done))
    yield piece
    done += piece.length
  }
}

socket.once('data', () => process.stderr.write('started\n'))
socket.on('data', (data) => {
  const piece = data.subarray(0, total - bytes)
  came.update(piece)
  for (const right of expected(bytes, piece.length)) due.update(right)
  bytes += piece.length
  if (bytes < total) return
  socket.destroy()
  const rate = total / 1e6 / ((performance.now() - start) / 1000)
  console.log(JSON.stringify({ bytes, rate, came: came.digest('hex'), due: due.digest('hex') }))
})
socket.on('close', () => process.exit(bytes === total ? 0 : 1))

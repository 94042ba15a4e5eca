// A TCP connection on strings: node puppet.mjs ADDRESS PORT. Reads `say TEXT`, `end`, `reset` from standard input; tells what happens.
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const [address, port] = process.argv.slice(2)
const socket = connect({ host: address, port: Number(port), allowHalfOpen: true, noDelay: true })

const tell = (text) => console.log(text)

socket.setEncoding('utf8')
socket.on('connect', () => tell(`connected ${socket.localPort}`))
// Lines that were sent apart may come together.
socket.on('data', (text) => {
  for (const line of text.trimEnd().split('\n')) tell(`heard ${line.trimEnd()}`)
})
socket.on('end', () => tell('end'))
socket.on('error', (error) => tell(`error ${error.code}`))
socket.on('close', () => {
  tell('close')
  process.exit()
})

const DEEDS = {
  say: (text) => socket.write(`${text}\n`),
  end: () => socket.end(),
  reset: () => socket.resetAndDestroy(), // SO_LINGER of zero, then close
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [verb, ...words] = line.split(' ')
  DEEDS[verb](words.join(' '))
})

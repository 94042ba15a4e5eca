import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { codeOf, DaemonError } from './errors.ts'

/** How long the holder of a lock may take to say its process id, milliseconds. */
const PATIENCE = 500

/** Held by one daemon a device and network namespace; the kernel lets go of it however the process ends. */
export interface DeviceLock {
  release(): Promise<void>
}

/** Name of the abstract socket that is the lock: `@tunstack/DEV`. */
const lockName = (dev: string): string => `\0tunstack/${dev}`

/** Takes the lock of a device. Throws DaemonError ELOCKED when another daemon has it. */
export async function lockDevice(dev: string): Promise<DeviceLock> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(`${process.pid}\n`)
  })
  try {
    server.listen(lockName(dev))
    await once(server, 'listening')
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error
    throw await alreadyServed(dev)
  }
  server.unref()
  return { release: () => close(server) }
}

async function alreadyServed(dev: string): Promise<DaemonError> {
  const pid = await holderOf(dev)
  const who = pid === undefined ? 'another tunstack daemon' : `another tunstack daemon (process ${pid})`
  return new DaemonError(
    'ELOCKED',
    `${who} serves ${dev}`,
    'stop it first, or choose another device with --dev NAME',
  )
}

/** The process id that the holder of the lock tells, if it does. */
function holderOf(dev: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(lockName(dev)).setEncoding('latin1').setTimeout(PATIENCE)
    socket.on('data', (text) => {
      answer += text
      if (answer.length > 16) socket.destroy()
    })
    socket.on('timeout', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => resolve(/^\d+\n$/.test(answer) ? Number(answer) : undefined))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

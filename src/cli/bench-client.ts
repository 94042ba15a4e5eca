import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { codeOf, DaemonError } from '../daemon/errors.ts'

/** The client side of a benchmark, on this host's own sockets. */

/** Milliseconds: for a connection to open, for an answer, and for what was sent to arrive. */
const PATIENCE = 5000

const CHUNK = Buffer.alloc(256 * 1024, 'tunstack ')

export interface Plan {
  address: string
  port: number
  /** How long, in seconds. */
  seconds: number
  connections: number
  /** Bytes of a request. */
  size: number
}

/** What was counted. */
export interface Outcome {
  /** It took, in seconds. */
  seconds: number
  /** Bytes or operations, connection by connection. */
  counts: number[]
  /** Of single operations, in milliseconds. */
  latencies?: number[]
  /** What to know when reading it. */
  note?: string
}

/** Sends to a sink, until all that was written has arrived. */
export const upload = (plan: Plan): Promise<Outcome> => overConnections(plan, uploadOn)

/** Reads from an endless source. */
export const download = (plan: Plan): Promise<Outcome> => overConnections(plan, downloadOn)

/** Asks an echo again and again over connections that stay. */
export async function requestResponse(plan: Plan): Promise<Outcome> {
  const latencies: number[] = []
  const request = makeRequest(plan.size)
  const outcome = await overConnections(plan, (socket, until) =>
    exchangeOn(socket, until, request, latencies),
  )
  return { ...outcome, latencies }
}

/** Connects, asks an echo, and closes, again and again. */
export async function connectRequestClose(plan: Plan): Promise<Outcome> {
  const latencies: number[] = []
  const request = makeRequest(plan.size)
  const began = performance.now()
  const until = began + plan.seconds * 1000
  const common: Common = { until, request, latencies, note: undefined }
  const clients = Array.from({ length: plan.connections }, () => comeAndGo(plan, common))
  const counts = await Promise.all(clients)
  const { note } = common
  return { seconds: secondsSince(began), counts, latencies, ...(note !== undefined && { note }) }
}

const secondsSince = (began: number): number => (performance.now() - began) / 1000

const makeRequest = (size: number): Buffer =>
  Buffer.from(Array.from({ length: size }, (_, i) => 97 + (i % 26)))

/** Resolves with what it has counted when the time is over; `until` is `performance.now()`'s then. */
type Act = (socket: Socket, until: number) => Promise<number>

/** Opens all connections, lets `act` drive each of them until the time is over, and closes them. */
async function overConnections(plan: Plan, act: Act): Promise<Outcome> {
  const opening = Array.from({ length: plan.connections }, () => open(plan))
  try {
    const sockets = await Promise.all(opening)
    const began = performance.now()
    const counts = await Promise.all(sockets.map((socket) => act(socket, began + plan.seconds * 1000)))
    return { seconds: secondsSince(began), counts }
  } finally {
    for (const result of await Promise.allSettled(opening)) {
      if (result.status === 'fulfilled') result.value.resetAndDestroy()
    }
  }
}

/** A connection that is open. */
function open({ address, port }: Plan): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true })
    const late = setTimeout(() => socket.destroy(timeout('does not answer')), PATIENCE)
    const fail = (error: Error): void => {
      clearTimeout(late)
      reject(error)
    }
    socket.once('error', fail).once('connect', () => {
      clearTimeout(late)
      socket.off('error', fail)
      socket.on('error', () => {}) // whoever acts on it listens too
      resolve(socket)
    })
  })
}

const timeout = (what: string): Error => new DaemonError('ETIMEDOUT', what)
const ended = (): Error => new DaemonError('ECONNRESET', 'ended the connection before its time')

function uploadOn(socket: Socket, until: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fill = (): void => {
      if (socket.writableEnded) return
      while (performance.now() < until) if (!socket.write(CHUNK)) return
      socket.end()
    }
    const left = until - performance.now()
    const timers = [
      setTimeout(fill, left),
      setTimeout(() => socket.destroy(timeout('does not take what was sent')), left + PATIENCE),
    ]
    socket.on('drain', fill).on('error', reject)
    socket.on('end', () => {
      if (!socket.writableEnded) socket.destroy(ended())
    })
    socket.on('close', () => {
      for (const timer of timers) clearTimeout(timer)
      resolve(socket.bytesWritten)
    })
    socket.resume()
    fill()
  })
}

function downloadOn(socket: Socket, until: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if (socket.bytesRead === 0) reject(timeout('sends nothing'))
      else resolve(socket.bytesRead)
    }, until - performance.now())
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(timer)
      reject(ended())
    })
    socket.resume()
  })
}

/** Asks once at least. Resolves with how many answers came. */
function exchangeOn(socket: Socket, until: number, request: Buffer, latencies: number[]): Promise<number> {
  let count = 0
  let got = 0
  let asked = 0
  return new Promise((resolve, reject) => {
    const ask = (): void => {
      got = 0
      asked = performance.now()
      socket.write(request)
    }
    socket.setTimeout(PATIENCE, () => socket.destroy(timeout('does not send back what it was sent')))
    socket.on('error', reject).on('close', () => reject(ended()))
    socket.on('data', (piece: Buffer) => {
      if (!isAnswer(piece, request, got)) {
        reject(new DaemonError('EBADMSG', 'sends back something else than it was sent'))
        return
      }
      got += piece.length
      if (got < request.length) return
      const now = performance.now()
      latencies.push(now - asked)
      count++
      if (now < until) ask()
      else resolve(count)
    })
    ask()
  })
}

const isAnswer = (piece: Buffer, request: Buffer, from: number): boolean =>
  from + piece.length <= request.length &&
  request.compare(piece, 0, piece.length, from, from + piece.length) === 0

/** What all clients of connect-request-close know; `until` comes at once when one of them fails. */
interface Common {
  until: number
  request: Buffer
  latencies: number[]
  note: string | undefined
}

/** One client of connect-request-close; resolves with how many times it came to the end. */
async function comeAndGo(plan: Plan, common: Common): Promise<number> {
  for (let count = 0; ; count++) {
    const began = performance.now()
    if (began >= common.until) return count
    try {
      const socket = await open(plan)
      await exchangeOn(socket, 0, common.request, []).finally(() => socket.destroy())
      common.latencies.push(performance.now() - began)
    } catch (error) {
      common.until = 0
      if (codeOf(error) !== 'EADDRNOTAVAIL' || common.latencies.length === 0) throw error
      common.note = 'ended early: all local ports wait in TIME-WAIT'
      return count
    }
  }
}

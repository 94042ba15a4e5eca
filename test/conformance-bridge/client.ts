import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Op } from '../../src/conformance/bridge/frame.ts'

/** A response, as the client sees it. */
export interface Answer {
  id: number
  op: number
  ret: number
  errno: number
  now: number
  /** Those behind the first three. */
  ints: bigint[]
  blobs: Buffer[]
}

/** The client's side of the protocol, as packetdrill's shim speaks it; written from its description and not from our server. */
export class Client {
  /** In the order in which they came. */
  readonly answers: Answer[] = []
  readonly #socket: Socket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #received = Buffer.alloc(0)
  #nextId = 1
  #ended = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended = true
    })
  }

  static async connect(path: string): Promise<Client> {
    const socket = connect(path)
    await once(socket, 'connect')
    return new Client(socket)
  }

  /** A request of the main thread; resolves with its answer. */
  ask(op: number, ints: (number | bigint)[] = [], blobs: Uint8Array[] = []): Promise<Answer> {
    return this.#request(op, 1, ints, blobs)
  }

  /** A request of another thread. */
  askBeside(op: number, ints: (number | bigint)[] = [], blobs: Uint8Array[] = []): Promise<Answer> {
    return this.#request(op, 0, ints, blobs)
  }

  hello(flags = 'clock=virtual,local=192.168.0.1,remote=192.0.2.1', maxWait = 1e6): Promise<Answer> {
    return this.ask(Op.Hello, [1, 0, maxWait], [Buffer.from(flags)])
  }

  /** Sends bytes that need not be a frame. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Resolves when the server has ended the connection. */
  async ended(): Promise<void> {
    if (!this.#ended) await once(this.#socket, 'close')
  }

  end(): void {
    this.#socket.destroy()
  }

  #request(op: number, flags: number, ints: (number | bigint)[], blobs: Uint8Array[]): Promise<Answer> {
    const id = this.#nextId++
    this.write(frame(id, op, flags, ints, blobs))
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const length = this.#received.readUInt32LE(0)
      if (this.#received.length < 4 + length) return
      const answer = readAnswer(this.#received.subarray(4, 4 + length))
      this.#received = this.#received.subarray(4 + length)
      this.answers.push(answer)
      this.#waiting.get(answer.id)?.(answer)
    }
  }
}

/** A whole request, length included. */
export function frame(
  id: number,
  op: number,
  flags: number,
  ints: (number | bigint)[],
  blobs: Uint8Array[] = [],
): Buffer {
  const head = Buffer.alloc(12 + 8 * ints.length)
  head.writeUInt32LE(id, 0)
  head.writeUInt16LE(op, 4)
  head.writeUInt16LE(flags, 6)
  head.writeUInt8(ints.length, 8)
  head.writeUInt8(blobs.length, 9)
  for (const [i, int] of ints.entries()) head.writeBigInt64LE(BigInt.asIntN(64, BigInt(int)), 12 + 8 * i)
  const body = Buffer.concat([head, ...blobs.flatMap((blob) => [lengthOf(blob), blob])])
  return Buffer.concat([lengthOf(body), body])
}

function lengthOf(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return length
}

function readAnswer(bytes: Buffer): Answer {
  const ints: bigint[] = []
  let at = 12
  for (let i = 0; i < bytes[8]!; i++, at += 8) ints.push(bytes.readBigInt64LE(at))
  const blobs: Buffer[] = []
  for (let i = 0; i < bytes[9]!; i++) {
    const length = bytes.readUInt32LE(at)
    blobs.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  const [ret, errno, now, ...rest] = ints
  const op = bytes.readUInt16LE(4)
  if ((op & 0x8000) === 0) throw new Error('a response whose operation has no 0x8000')
  if (at !== bytes.length) throw new Error('bytes behind the last blob')
  return {
    id: bytes.readUInt32LE(0),
    op: op & 0x7fff,
    ret: Number(ret),
    errno: Number(errno),
    now: Number(now),
    ints: rest,
    blobs,
  }
}

/** A struct sockaddr_in. */
export function sockaddr(address: string, port: number, family = 2): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(family, 0)
  bytes.writeUInt16BE(port, 2)
  for (const [i, part] of address.split('.').entries()) bytes[4 + i] = Number(part)
  return bytes
}

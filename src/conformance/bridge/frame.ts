/** Operations of the protocol that packetdrill's shim speaks. */
export const Op = {
  Hello: 1,
  Bye: 2,
  Advance: 3,
  NetdevSend: 4,
  NetdevReceive: 5,
  Socket: 10,
  Bind: 11,
  Listen: 12,
  Accept: 13,
  Connect: 14,
  Recv: 15,
  Send: 16,
  RecvMessage: 17,
  SendMessage: 18,
  Fcntl: 19,
  Ioctl: 20,
  Close: 21,
  Shutdown: 22,
  GetOption: 23,
  SetOption: 24,
  Poll: 25,
  EpollCreate: 26,
  EpollControl: 27,
  EpollWait: 28,
  Pipe: 29,
  Splice: 30,
  Read: 31,
  Write: 32,
  Command: 40,
} as const

/** A frame: its length, then id, operation, flags, how many integers and blobs; all little-endian. */
const LENGTH = 4
const HEAD = 12
const INT = 8
const LONGEST = 1 << 26
const IS_RESPONSE = 0x8000
/** Of a request's flags: the caller is packetdrill's main thread. */
const FROM_MAIN = 1

/** What the client sent is no such protocol: its connection ends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

/** What the client asks. Throws ProtocolError for an integer or blob that the frame has not. */
export class Request {
  readonly id: number
  readonly op: number
  /** The caller waits for the answer, and so may the clock run; else another thread of its does. */
  readonly isMain: boolean
  readonly blobs: readonly Uint8Array[]
  readonly #ints: readonly bigint[]

  constructor(id: number, op: number, flags: number, ints: readonly bigint[], blobs: readonly Uint8Array[]) {
    this.id = id
    this.op = op
    this.isMain = (flags & FROM_MAIN) !== 0
    this.#ints = ints
    this.blobs = blobs
  }

  int(i: number): number {
    return Number(this.big(i))
  }

  big(i: number): bigint {
    return this.#ints[i] ?? this.#lacks('integer', i)
  }

  blob(i: number): Uint8Array {
    return this.blobs[i] ?? this.#lacks('blob', i)
  }

  #lacks(what: string, i: number): never {
    throw new ProtocolError(`operation ${this.op} without ${what} ${i}`)
  }
}

/** Cuts what arrives into requests. */
export class FrameReader {
  #chunks: Uint8Array[] = []
  #length = 0
  #needed = LENGTH

  /** Calls `handle` with each that is whole now. Throws ProtocolError. */
  push(chunk: Uint8Array, handle: (request: Request) => void): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    while (this.#length >= this.#needed) {
      const bytes = this.#join()
      const length = viewOf(bytes).getUint32(0, true)
      if (length < HEAD || length > LONGEST) throw new ProtocolError(`a frame of ${length} bytes`)
      this.#needed = LENGTH + length
      if (bytes.length < this.#needed) return
      const frame = bytes.subarray(LENGTH, this.#needed)
      this.#chunks = [bytes.subarray(this.#needed)]
      this.#length -= this.#needed
      this.#needed = LENGTH
      handle(readRequest(frame))
    }
  }

  #join(): Uint8Array {
    if (this.#chunks.length === 1) return this.#chunks[0]!
    const bytes = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    this.#chunks = [bytes]
    return bytes
  }
}

function readRequest(bytes: Uint8Array): Request {
  const view = viewOf(bytes)
  const blobsAt = HEAD + INT * view.getUint8(8)
  if (blobsAt > bytes.length) throw new ProtocolError('integers beyond the end of their frame')
  const ints: bigint[] = []
  for (let at = HEAD; at < blobsAt; at += INT) ints.push(view.getBigInt64(at, true))
  const blobs: Uint8Array[] = []
  for (let i = 0, at = blobsAt; i < view.getUint8(9); i++) {
    const length = at + LENGTH <= bytes.length ? view.getUint32(at, true) : LONGEST
    at += LENGTH
    if (at + length > bytes.length) throw new ProtocolError('a blob beyond the end of its frame')
    blobs.push(bytes.subarray(at, at + length))
    at += length
  }
  return new Request(view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true), ints, blobs)
}

/** The answer to a request: integers and blobs behind each other. */
export function writeResponse(
  { id, op }: Request,
  ints: readonly (number | bigint)[],
  blobs: readonly Uint8Array[],
): Uint8Array {
  const length = HEAD + INT * ints.length + blobs.reduce((sum, blob) => sum + LENGTH + blob.length, 0)
  const bytes = new Uint8Array(LENGTH + length)
  const view = viewOf(bytes)
  view.setUint32(0, length, true)
  view.setUint32(4, id, true)
  view.setUint16(8, op | IS_RESPONSE, true)
  view.setUint8(12, ints.length)
  view.setUint8(13, blobs.length)
  let at = LENGTH + HEAD
  for (const int of ints) {
    view.setBigInt64(at, BigInt(int), true)
    at += INT
  }
  for (const blob of blobs) {
    view.setUint32(at, blob.length, true)
    bytes.set(blob, at + LENGTH)
    at += LENGTH + blob.length
  }
  return bytes
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

import type { DatagramSocket } from '../socket/datagram-socket.ts'
import type { Epoll } from '../socket/epoll.ts'
import type { StreamSocket } from '../socket/stream-socket.ts'

/** What a script's descriptor stands for. */
export type OpenFile =
  | { readonly kind: 'stream'; readonly socket: StreamSocket; isBlocking: boolean }
  | { readonly kind: 'datagram'; readonly socket: DatagramSocket; isBlocking: boolean }
  | { readonly kind: 'epoll'; readonly epoll: Epoll; isBlocking: boolean }
  /** A file without a content of interest: reads give zeros, writes are taken. */
  | { readonly kind: 'plain'; isBlocking: boolean }

export type SocketFile = Extract<OpenFile, { kind: 'stream' | 'datagram' }>

export const isSocket = (file: OpenFile): file is SocketFile =>
  file.kind === 'stream' || file.kind === 'datagram'

/** The descriptors of a script, by the numbers that it writes. */
export class Descriptors {
  readonly #files = new Map<number, OpenFile>()

  get(number: number): OpenFile | undefined {
    return this.#files.get(number)
  }

  set(number: number, file: OpenFile): void {
    this.#files.set(number, file)
  }

  delete(number: number): void {
    this.#files.delete(number)
  }

  [Symbol.iterator](): IterableIterator<[number, OpenFile]> {
    return this.#files.entries()
  }
}

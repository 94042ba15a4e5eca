import { AF_INET, AF_UNSPEC } from '../../socket/constants.ts'
import type { SocketAddress } from '../../socket/socket.ts'
import { i32, put16, put32, u16 } from '../../wire/bytes.ts'
import type { SocketName } from '../calls/blocking.ts'

/** Linux's struct sockaddr_in: the family in the machine's order, port and address in the network's, and eight zeros. */
const LENGTH = 16
const PORT = 2
const ADDRESS = 4

/** What the bytes of a sockaddr say; undefined when they are too few. Of another family nothing is told but that. */
export function readSocketName(bytes: Uint8Array): SocketName | undefined {
  if (bytes.length < PORT) return undefined
  const family = bytes[0]! | (bytes[1]! << 8)
  if (family === AF_INET && bytes.length < LENGTH) return undefined
  if (family !== AF_INET && (family !== AF_UNSPEC || bytes.length < LENGTH))
    return { family, address: 0, port: 0 }
  return { family, address: i32(bytes, ADDRESS), port: u16(bytes, PORT) }
}

export function writeSocketName({ address, port }: SocketAddress): Uint8Array {
  const bytes = new Uint8Array(LENGTH)
  bytes[0] = AF_INET
  put16(bytes, PORT, port)
  put32(bytes, ADDRESS, address)
  return bytes
}

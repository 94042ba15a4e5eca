import { LINK_NUMBERS, LINK_UP, LinkNumber, type NativeDevice } from './addon.ts'
import type { TunOptions } from './tun-options.ts'

/** Packets that wait for us: the windows of a few connections of 6 MB, in packets of 1,500 bytes. The kernel drops what does not fit. */
const QUEUE_LENGTH = 16384

/** Brings about what the options ask for. What is so already is not touched: that would need a privilege. */
export function configureLink(native: NativeDevice, options: TunOptions): void {
  const { fd, mtu = -1, queueLength = -1, hostAddress, up = fd === undefined } = options
  const numbers = new Float64Array(LINK_NUMBERS)
  native.link(numbers)
  const isMtuRight = mtu === -1 || mtu === numbers[LinkNumber.Mtu]
  const isQueueRight = queueLength === -1 || queueLength === numbers[LinkNumber.QueueLength]
  if (!isMtuRight || !isQueueRight) native.setLink(mtu, queueLength, -1)
  const isShort = numbers[LinkNumber.QueueLength]! < QUEUE_LENGTH
  const isOurs = fd === undefined || options.multiQueue === true
  if (queueLength === -1 && isOurs && isShort) lengthenQueue(native)
  if (hostAddress !== undefined)
    addHostAddress(native, hostAddress.address, hostAddress.prefix, options.peer ?? hostAddress.address)
  if (up && (numbers[LinkNumber.Flags]! & LINK_UP) === 0) native.setLink(-1, -1, 1)
}

/** Good to have, but no reason to fail for a user who may not. */
function lengthenQueue(native: NativeDevice): void {
  try {
    native.setLink(-1, QUEUE_LENGTH, -1)
  } catch {
    // The queue stays as it is; its losses show in `txDropped`.
  }
}

function addHostAddress(native: NativeDevice, address: number, prefix: number, peer: number): void {
  const known = new Int32Array(3)
  const isThere = native.address(known)
  if (isThere && known[0] === address && known[1] === prefix && known[2] === peer) return
  native.addAddress(address, prefix, peer)
}

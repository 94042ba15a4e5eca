import type { Runnable } from '../stack/ready-list.ts'
import type { Pollable } from './pollable.ts'

/** An address and port, filled in by calls that tell one. */
export class SocketAddress {
  /** int32. */
  address = 0
  port = 0
}

/**
 * A socket as POSIX has it, with two differences: it never blocks, and a call that fails returns the negative errno (`-Errno.EAGAIN`),
 * as Linux's own functions do. What it would have waited for is told by `poll` and `onReady`.
 */
export interface Socket extends Runnable, Pollable {
  /**
   * Called in the turn after readiness may have changed; runs before the turn's output, so that what it writes goes out with
   * the acknowledgement of what it read.
   */
  onReady: (() => void) | undefined
  /** `address` 0: any. 0, or -EINVAL, -EADDRINUSE, -EADDRNOTAVAIL. */
  bind(address: number, port: number): number
  /** 0 when connected at once, -EINPROGRESS when it takes a handshake; -EISCONN, -EALREADY, -ENETUNREACH, -EADDRNOTAVAIL … */
  connect(address: number, port: number): number
  /** connect() to AF_UNSPEC: no peer any more. */
  disconnect(): number
  /** Bytes taken, or a negative errno: -EAGAIN, -EPIPE, -ENOTCONN, or the reason why the connection ended. */
  send(from: Uint8Array, offset: number, length: number, flags?: number): number
  /** As `send`; a datagram socket that is not connected needs the address. */
  sendTo(
    from: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags?: number,
  ): number
  /** Bytes read, 0 at the end of the stream, or a negative errno. */
  recv(to: Uint8Array, offset: number, length: number, flags?: number): number
  /** As `recv`; of a datagram, tells where it came from. */
  recvFrom(to: Uint8Array, offset: number, length: number, flags: number, from: SocketAddress): number
  /** `how`: a value of Shutdown. 0 or -ENOTCONN. */
  shutdown(how: number): number
  close(): number
  /** 0 and the address in `out`, or -ENOTCONN. */
  getsockname(out: SocketAddress): number
  getpeername(out: SocketAddress): number
  /** `value`: a number, or its bytes as the system call takes them. 0 or a negative errno. */
  setsockopt(level: number, option: number, value: number | Uint8Array): number
  /** The value of an option that is an int, or a negative errno. */
  getsockopt(level: number, option: number): number
  /** Writes the value's bytes to `out`, as many as fit. Their number, or a negative errno. */
  getsockoptInto(level: number, option: number, out: Uint8Array): number
  /** The value, or a negative errno. `request`: a value of Ioctl. */
  ioctl(request: number): number
}

/** Numbers of Linux on x86-64, as the system calls take them. Everything that a program passes to a socket is named here. */

export const AF_UNSPEC = 0
export const AF_INET = 2
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17

/** Most that a backlog may be (`net.core.somaxconn`). */
export const SOMAXCONN = 4096

export const Shutdown = { Read: 0, Write: 1, Both: 2 } as const

/** Flags of send and recv. */
export const Msg = {
  Oob: 0x1,
  Peek: 0x2,
  Trunc: 0x20,
  DontWait: 0x40,
  WaitAll: 0x100,
  NoSignal: 0x4000,
  More: 0x8000,
} as const

/** Readiness, as poll() tells it. */
export const Poll = {
  In: 0x1,
  /** Urgent data. */
  Pri: 0x2,
  Out: 0x4,
  Err: 0x8,
  /** Both directions are shut. */
  Hup: 0x10,
  ReadNormal: 0x40,
  WriteNormal: 0x100,
  /** The peer will send no more. */
  ReadHup: 0x2000,
} as const

export const Level = { Ip: 0, Socket: 1, Tcp: 6 } as const

export const SocketOption = {
  ReuseAddress: 2,
  Type: 3,
  Error: 4,
  SendBuffer: 7,
  ReceiveBuffer: 8,
  KeepAlive: 9,
  OobInline: 10,
  Linger: 13,
  ReusePort: 15,
  AcceptConn: 30,
  Protocol: 38,
  Domain: 39,
} as const

export const IpOption = { TypeOfService: 1, TimeToLive: 2 } as const

export const TcpOption = {
  NoDelay: 1,
  MaxSegment: 2,
  Cork: 3,
  KeepIdle: 4,
  KeepInterval: 5,
  KeepCount: 6,
  SynCount: 7,
  Linger2: 8,
  QuickAck: 12,
  Congestion: 13,
  UserTimeout: 18,
} as const

/** Requests of ioctl. */
export const Ioctl = {
  /** Bytes that can be read (FIONREAD). */
  InQueue: 0x541b,
  /** Bytes not yet acknowledged. */
  OutQueue: 0x5411,
  /** Bytes not yet sent. */
  OutQueueUnsent: 0x894b,
  AtMark: 0x8905,
} as const

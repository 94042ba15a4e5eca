/** Numbers of Linux on x86-64, as the system calls take them. Everything that a program passes to a socket is named here. */

export const AF_UNSPEC = 0
export const AF_INET = 2
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
/** Bits of socket(2)'s type and accept4(2)'s flags. */
export const SOCK_NONBLOCK = 0x800
export const SOCK_CLOEXEC = 0x80000
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17

/** A backlog as long as it may be: `net.core.somaxconn` decides. */
export const SOMAXCONN = 4096

export const Shutdown = { Read: 0, Write: 1, Both: 2 } as const

/** Flags of send and recv. */
export const Msg = {
  Oob: 0x1,
  Peek: 0x2,
  Trunc: 0x20,
  DontWait: 0x40,
  WaitAll: 0x100,
  /** The queue of errors and time stamps, which is always empty here. */
  ErrorQueue: 0x2000,
  NoSignal: 0x4000,
  More: 0x8000,
  FastOpen: 0x20000000,
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
  /** There is no such descriptor. */
  Invalid: 0x20,
  ReadNormal: 0x40,
  ReadBand: 0x80,
  WriteNormal: 0x100,
  WriteBand: 0x200,
  /** The peer will send no more. */
  ReadHup: 0x2000,
} as const

/** Requests of epoll_ctl. */
export const EpollControl = { Add: 1, Delete: 2, Modify: 3 } as const

/** Bits beside those of Poll in the events of epoll, int32. */
export const EpollFlag = {
  Exclusive: 0x10000000,
  WakeUp: 0x20000000,
  OneShot: 0x40000000,
  EdgeTriggered: -0x80000000,
} as const

export const Level = { Ip: 0, Socket: 1, Tcp: 6 } as const

export const SocketOption = {
  ReuseAddress: 2,
  Type: 3,
  Error: 4,
  Broadcast: 6,
  SendBuffer: 7,
  ReceiveBuffer: 8,
  KeepAlive: 9,
  OobInline: 10,
  Linger: 13,
  ReusePort: 15,
  ReceiveLowWater: 18,
  SendLowWater: 19,
  ReceiveTimeout: 20,
  SendTimeout: 21,
  AcceptConn: 30,
  SendBufferForce: 32,
  ReceiveBufferForce: 33,
  Protocol: 38,
  Domain: 39,
  MaxPacingRate: 47,
  MemInfo: 55,
  ZeroCopy: 60,
} as const

export const IpOption = { TypeOfService: 1, TimeToLive: 2, MtuDiscover: 10, Mtu: 14 } as const

/** Values of IP_MTU_DISCOVER. */
export const MtuDiscovery = { Dont: 0, Want: 1, Do: 2, Probe: 3, Interface: 4, Omit: 5 } as const

export const TcpOption = {
  NoDelay: 1,
  MaxSegment: 2,
  Cork: 3,
  KeepIdle: 4,
  KeepInterval: 5,
  KeepCount: 6,
  SynCount: 7,
  Linger2: 8,
  DeferAccept: 9,
  WindowClamp: 10,
  Info: 11,
  QuickAck: 12,
  Congestion: 13,
  UserTimeout: 18,
  FastOpen: 23,
  NotSentLowWater: 25,
  CongestionInfo: 26,
  FastOpenConnect: 30,
  FastOpenNoCookie: 34,
} as const

/** Requests of ioctl. */
export const Ioctl = {
  /** Bytes that can be read (FIONREAD). */
  InQueue: 0x541b,
  /** Bytes not yet acknowledged. */
  OutQueue: 0x5411,
  /** Bytes not yet sent. */
  OutQueueUnsent: 0x894b,
  /** True when the next byte is the one behind which urgent data ends. */
  AtMark: 0x8905,
  /** O_NONBLOCK on or off. */
  NonBlocking: 0x5421,
} as const

/** Requests of fcntl. */
export const Fcntl = {
  Duplicate: 0,
  GetDescriptorFlags: 1,
  SetDescriptorFlags: 2,
  GetFlags: 3,
  SetFlags: 4,
  DuplicateCloseOnExec: 1030,
} as const

/** Flags of an open file. */
export const OpenFlag = { ReadWrite: 0x2, NonBlocking: 0x800 } as const
/** The one flag of a descriptor. */
export const FD_CLOEXEC = 1

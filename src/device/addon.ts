/** What native-setup's addon exports. Only `tun.ts` calls it. */
export interface Addon {
  readonly Device: new (options: NativeOptions) => NativeDevice
  readonly Timer: new (callback: () => void) => NativeTimer
  /** After this no exec of any thread of the process gains privileges. */
  setNoNewPrivileges(): void
  /** One datagram to the service manager's socket. */
  notify(socket: string, state: string): void
  /** Has V8 look for garbage in the background, in the thread that calls it. */
  collectSoon(): void
  /** A descriptor of one queue more of the device; the first one makes it. */
  openQueue(name: string): number
  /** Another descriptor of the same file. */
  duplicate(fd: number): number
  /** A descriptor for `Bell` and `ring`. */
  makeBell(): number
  /** Wakes the thread that has a Bell on this descriptor. */
  ring(fd: number): void
  readonly Bell: new (fd: number, callback: () => void) => NativeBell
  /** Completes the checksum of a row in place, as `flush` does without offload. */
  completeChecksum(memory: Uint8Array, rows: Int32Array, row: number): void
  /** Appends the last of `count` packets to the one before if it goes on with it, as `read` does with `gro`; how many rows are left. */
  joinLast(memory: Uint8Array, rows: Int32Array, count: number): number
}

export interface NativeOptions {
  name: string
  /** A descriptor to adopt, or -1. */
  fd: number
  multiQueue: boolean
  /** 0 or 1; -1: as it is. */
  persist: number
  /** User and group ids, or -1. */
  owner: number
  group: number
  /** Offload bits. */
  offload: number
  /** Whether many packets are to be written by one system call, through io_uring, while there is no offload. */
  ring: boolean
  /** Whether segments that follow each other are to be read as one, while there is no offload. */
  gro: boolean
  /** The arena's bytes; must never be transferred to another thread. */
  memory: Uint8Array
  /** Where packets are read to: offset and length in `memory`. */
  slab: number
  slabSize: number
  /** Rows of packet tables. */
  input: Int32Array
  output: Int32Array
  /** Filled by `read` and `flush`, see Status. */
  status: Int32Array
  /** `status` is 0, or negative when the device is gone and polling has stopped. */
  onReadable: (status: number) => void
  /** Something about the interface has changed. */
  onLink: () => void
}

/** Integers of the status array. */
export const Status = {
  /** errno that ended the last `read`; 0: the batch was full. */
  ReadError: 0,
  /** errno of the last packet that `flush` could not write, or 0. */
  WriteError: 1,
  /** A row that pointed outside the memory, or -1. */
  BadRow: 2,
  /** errno for which `flush` has given io_uring up, for good, or 0. */
  RingError: 3,
} as const

export const STATUS_SIZE = 4

export interface NativeDevice {
  /** Packets read into the input rows. */
  read(): number
  /** Packets written of the first `count` output rows. */
  flush(count: number): number
  start(): void
  stop(): void
  /** Whether waiting for packets keeps the process alive. */
  reference(on: boolean): void
  close(keepsDescriptor: boolean): void
  name(): string
  /** 0 while the device exists, else an errno. */
  inspect(): number
  /**
   * After the device was deleted: attaches to one of the same name. With `create` makes it if need be, and throws when that
   * fails; without it returns 0 or an errno.
   */
  attach(create: boolean): number
  /** 0, or the errno with which the kernel refuses (EOPNOTSUPP: there is no virtio header); offloads are off then. */
  setOffload(bits: number): number
  /** Negative leaves a setting as it is. */
  setLink(mtu: number, queueLength: number, up: number): void
  /** Fills LINK_NUMBERS numbers, see LinkNumber. */
  link(numbers: Float64Array): void
  addAddress(address: number, prefix: number, peer: number): void
  clearAddresses(): void
  /** Fills address, prefix and peer of the first IPv4 address; false when there is none. */
  address(out: Int32Array): boolean
}

/** Places in what `link` fills. The kernel's view: it receives (Rx) what we write. */
export const LinkNumber = {
  Flags: 0,
  Mtu: 1,
  QueueLength: 2,
  RxPackets: 3,
  TxPackets: 4,
  RxBytes: 5,
  TxBytes: 6,
  RxErrors: 7,
  TxErrors: 8,
  RxDropped: 9,
  TxDropped: 10,
} as const

export const LINK_NUMBERS = 11

/** IFF_UP of the flags. */
export const LINK_UP = 1

/**
 * TUNSETOFFLOAD: unfinished checksums, and with them TCP segments of up to 64 KB, and datagrams of UDP in pieces of as much (Linux 6.2),
 * which IPv4 has only together with IPv6.
 */
export const Offload = { Checksum: 1, Segmentation4: 2, Datagrams: 0x20 | 0x40 } as const

/** Hears a bell until it is closed; that leaves the descriptor open. Keeps the process alive. */
export interface NativeBell {
  close(): void
}

export interface NativeTimer {
  /** Microseconds on CLOCK_MONOTONIC; a moment that has passed fires at once. */
  armAt(microseconds: number): void
  disarm(): void
  /** Whether the timer keeps the process alive. */
  reference(on: boolean): void
  close(): void
}

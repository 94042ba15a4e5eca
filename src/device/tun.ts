// hot path: `room`, `push`, `readBatch` and `flush` allocate nothing.
import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import type { Arena } from '../base/arena.ts'
import { Column, PacketTable, ROW } from '../base/packet-table.ts'
import { HEAD_ROOM } from '../stack/packet-sink.ts'
import { formatAddress, parseAddress } from '../wire/address.ts'
import {
  type Addon,
  LINK_NUMBERS,
  LINK_UP,
  LinkNumber,
  type NativeDevice,
  Offload,
  STATUS_SIZE,
  Status,
} from './addon.ts'
import type { PolledDevice } from './driver.ts'
import { configureLink } from './tun-link.ts'
import { countersOf, type LinkCounters, type TunEvents, type TunOptions } from './tun-options.ts'

/** Packets read at once. */
const BATCH = 64
const OUTPUT_ROWS = 256
const HEADS = OUTPUT_ROWS * HEAD_ROOM

/** Bytes that a batch is read into: 64 packets of 1,500 bytes take a tenth, super-segments fill it with 15. */
const SLAB = 1 << 20

/** What is asked for: all there is, or what older kernels have. */
const OFFLOADS = [
  Offload.Checksum | Offload.Segmentation4 | Offload.Datagrams,
  Offload.Checksum | Offload.Segmentation4,
]

/** errno of a device that is down, of one that somebody has open, and of one that was deleted. */
const EIO = 5
const EBUSY = 16
const EBADFD = 77

const ADDON = '../../native-setup/build/Release/tunstack.node'

let loaded: Addon | undefined

/** The addon. Throws an Error with the code ERR_ADDON_MISSING when it was not built. */
export function addon(): Addon {
  try {
    loaded ??= createRequire(import.meta.url)(ADDON) as Addon
    return loaded
  } catch (cause) {
    const message = 'the native addon was not built, or not for this machine: run `npm run setup`'
    throw Object.assign(new Error(message, { cause }), { code: 'ERR_ADDON_MISSING' })
  }
}

/** 0, or why there is none: an errno. */
function askForOffload(native: NativeDevice): number {
  let error = 0
  for (const bits of OFFLOADS) {
    error = native.setOffload(bits)
    if (error === 0) break
  }
  return error
}

/**
 * A TUN device, and beside that what `tuntap2` offered: `name`, `mtu`, `ipv4`, `isUp`, `release()`, `'data'`.
 *
 * What fails throws an Error with `code` (errno name), `errno`, `syscall`, and the device's name in its message.
 * Listeners to `'data'` get a copy of each packet; a driver uses `serve` and `readBatch` instead.
 */
export class Tun extends EventEmitter<TunEvents> implements PolledDevice {
  readonly memory: Uint8Array
  readonly input: PacketTable
  readonly segmentationOffload: boolean
  /** Why there is no offload though it was asked for: an errno (EOPNOTSUPP: the descriptor has no virtio header), or 0. */
  readonly offloadError: number
  /** Packets that could not be written. */
  writeErrors = 0
  /** Whether the last batch took all there was. */
  isDrained = true
  readonly #arena: Arena
  readonly #options: TunOptions
  readonly #native: NativeDevice
  readonly #output: PacketTable
  readonly #rows: Int32Array
  readonly #slab: number
  readonly #heads: number
  readonly #status = new Int32Array(new ArrayBuffer(STATUS_SIZE * 4))
  readonly #numbers = new Float64Array(LINK_NUMBERS)
  #onReadable: (() => void) | undefined
  #name = ''
  #mtu = 1500
  #isUp = false
  #isGone = false
  #isClosed = false
  #hasRing: boolean
  #retry: NodeJS.Timeout | undefined

  /** Takes about 1.1 MB of `arena`: to read into, and for the heads of what is written. */
  constructor(arena: Arena, options: TunOptions = {}) {
    super()
    this.#arena = arena
    this.#options = options
    this.#hasRing = options.ring === true
    this.memory = arena.bytes
    this.input = new PacketTable(arena.bytes, BATCH)
    this.#output = new PacketTable(arena.bytes, OUTPUT_ROWS)
    this.#rows = this.#output.rows
    this.#slab = arena.take(SLAB)
    this.#heads = arena.take(HEADS)
    try {
      this.#native = this.#open()
      this.offloadError = options.offload === true ? askForOffload(this.#native) : 0
      this.segmentationOffload = options.offload === true && this.offloadError === 0
    } catch (error) {
      this.#giveMemory()
      throw error
    }
    try {
      configureLink(this.#native, this.#options)
      this.#refresh()
    } catch (error) {
      this.#close(options.fd !== undefined)
      throw error
    }
  }

  get name(): string {
    return this.#name
  }

  /** Largest packet, bytes. */
  get mtu(): number {
    return this.#mtu
  }

  set mtu(mtu: number) {
    this.#native.setLink(mtu, -1, -1)
    this.#mtu = mtu
  }

  /** The kernel's end as `a.b.c.d/prefix`, or an empty string. Setting it replaces every other address. */
  get ipv4(): string {
    const out = new Int32Array(3)
    return this.#native.address(out) ? `${formatAddress(out[0]!)}/${out[1]}` : ''
  }

  set ipv4(text: string) {
    const [dotted = '', prefix = '32'] = text.split('/')
    const address = parseAddress(dotted)
    if (address === undefined || !/^\d+$/.test(prefix) || Number(prefix) > 32) {
      throw new TypeError(`not an IPv4 address with a prefix: ${text}`)
    }
    this.#native.clearAddresses()
    this.#native.addAddress(address, Number(prefix), address)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  set isUp(up: boolean) {
    this.#native.setLink(-1, -1, up ? 1 : 0)
    this.#refresh()
  }

  /** Whether somebody has deleted the device. */
  get isGone(): boolean {
    return this.#isGone
  }

  counters(): LinkCounters {
    this.#native.link(this.#numbers)
    return countersOf(this.#numbers)
  }

  readBatch(): number {
    const count = this.#native.read()
    const error = this.#status[Status.ReadError]!
    this.input.count = count
    this.isDrained = error !== 0
    if (error === EBADFD && !this.#isGone) this.#examine()
    return count
  }

  room(): number {
    if (this.#output.count === OUTPUT_ROWS) this.flush()
    return this.#heads + this.#output.count * HEAD_ROOM
  }

  push(
    headLength: number,
    first: number,
    firstLength: number,
    second: number,
    secondLength: number,
    flags: number,
    gsoSize: number,
    checksumStart: number,
    checksumOffset: number,
  ): void {
    const row = this.#output.count++
    const rows = this.#rows
    const at = row * ROW
    rows[at + Column.Head] = this.#heads + row * HEAD_ROOM
    rows[at + Column.HeadLength] = headLength
    rows[at + Column.First] = first
    rows[at + Column.FirstLength] = firstLength
    rows[at + Column.Second] = second
    rows[at + Column.SecondLength] = secondLength
    rows[at + Column.Flags] = flags
    rows[at + Column.GsoSize] = gsoSize
    rows[at + Column.ChecksumStart] = checksumStart
    rows[at + Column.ChecksumOffset] = checksumOffset
  }

  /** Throws a RangeError when a range pushed lies outside the arena; the other packets were written. */
  flush(): void {
    const count = this.#output.count
    if (count === 0) return
    this.#output.count = 0
    const written = this.#native.flush(count)
    if (this.#hasRing && this.#status[Status.RingError] !== 0) this.#lostRing()
    if (written < count) this.#couldNotWrite(count - written)
    else if (!this.#isUp) this.#examine()
  }

  /** Sends one packet of any size. False when it could not be written. Not for the hot path. */
  write(packet: Uint8Array): boolean {
    const block = this.#arena.take(packet.length)
    if (block === -1) return false
    this.memory.set(packet, block)
    const errors = this.writeErrors
    this.room()
    this.push(0, block, packet.length, 0, 0, 0, 0, 0, 0)
    this.flush()
    this.#arena.give(block, packet.length)
    return this.writeErrors === errors
  }

  serve(onReadable: (() => void) | undefined): void {
    this.#onReadable = onReadable
    this.#poll()
  }

  /** Whether waiting for packets keeps the process alive; it does unless told otherwise. */
  unref(): this {
    this.#native.reference(false)
    return this
  }

  ref(): this {
    this.#native.reference(true)
    return this
  }

  /** Makes a deleted device again, or attaches to the one that has its name. */
  reopen(): void {
    this.#native.attach(true)
    this.#isGone = false
    configureLink(this.#native, this.#options)
    this.#refresh()
    this.#poll()
  }

  /** Closes the device, which disappears unless it is persistent. May be repeated. */
  release(): void {
    if (!this.#isClosed) this.#close(false)
  }

  #close(keepsDescriptor: boolean): void {
    this.#isClosed = true
    this.#isUp = false
    this.#native.close(keepsDescriptor)
    this.#giveMemory()
    this.emit('close')
  }

  #giveMemory(): void {
    if (this.#slab !== -1) this.#arena.give(this.#slab, SLAB)
    if (this.#heads !== -1) this.#arena.give(this.#heads, HEADS)
  }

  #open(): NativeDevice {
    if (this.#slab === -1 || this.#heads === -1) throw new RangeError('the arena is too small for a device')
    const { name = '', fd = -1, multiQueue = false, persist, owner = -1, group = -1 } = this.#options
    this.on('newListener', (event) => event === 'data' && !this.#isClosed && this.#native.start())
    this.on('removeListener', () => this.#poll())
    return new (addon().Device)({
      name,
      fd,
      multiQueue,
      persist: persist === undefined ? -1 : Number(persist),
      owner,
      group,
      offload: 0,
      ring: this.#hasRing,
      gro: this.#options.gro === true,
      memory: this.memory,
      slab: this.#slab,
      slabSize: SLAB,
      input: this.input.rows,
      output: this.#rows,
      status: this.#status,
      onReadable: (status) => this.#readable(status),
      onLink: () => this.#examine(),
    })
  }

  /** Takes over what the kernel knows of the link, and says what has changed. */
  #refresh(): void {
    const numbers = this.#numbers
    this.#native.link(numbers)
    this.#name = this.#native.name()
    this.#mtu = numbers[LinkNumber.Mtu]!
    const isUp = (numbers[LinkNumber.Flags]! & LINK_UP) !== 0
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    this.emit(isUp ? 'up' : 'down')
  }

  /** Finds out what has become of the device. */
  #examine(): void {
    if (this.#isClosed) return
    if (this.#native.inspect() !== 0) {
      if (!this.#isGone) this.#disappeared()
      const error = this.#native.attach(false)
      clearTimeout(this.#retry)
      // Its maker has not let go of it yet, and the kernel does not tell when.
      if (error === EBUSY) this.#retry = setTimeout(() => this.#examine(), 250).unref()
      if (error !== 0) return
      this.#isGone = false
      this.#configureAgain()
    }
    try {
      this.#refresh()
    } catch {
      // Deleted just now: the kernel is about to say so.
    }
    this.#poll()
  }

  #disappeared(): void {
    this.#isGone = true
    this.#isUp = false
    this.#native.stop()
    this.emit('gone')
  }

  /** Somebody has made the device again; what they have not set, and we may not, stays as it is. */
  #configureAgain(): void {
    try {
      configureLink(this.#native, this.#options)
    } catch {
      // Packets flow when its maker sets it up.
    }
  }

  #lostRing(): void {
    this.#hasRing = false
    this.emit('no-ring', this.#status[Status.RingError]!)
  }

  #couldNotWrite(packets: number): void {
    this.writeErrors += packets
    const error = this.#status[Status.WriteError]!
    if ((error === EIO && this.#isUp) || (error === EBADFD && !this.#isGone)) this.#examine()
    const bad = this.#status[Status.BadRow]!
    if (bad !== -1) throw new RangeError(`${this.#name}: packet ${bad} points outside the arena`)
  }

  /** Has the loop watch the device while anybody wants packets. */
  #poll(): void {
    if (this.#isClosed) return
    const isWanted = this.#onReadable !== undefined || this.listenerCount('data') > 0
    if (isWanted && !this.#isGone) this.#native.start()
    else this.#native.stop()
  }

  #readable(status: number): void {
    if (status !== 0) this.#examine()
    else if (this.#onReadable !== undefined) this.#onReadable()
    else this.#emitPackets()
  }

  #emitPackets(): void {
    const count = this.readBatch()
    for (let row = 0; row < count && !this.#isClosed; row++) {
      const start = this.input.get(row, Column.Head)
      const end = start + this.input.get(row, Column.HeadLength)
      this.emit('data', Buffer.from(this.memory.subarray(start, end)))
    }
  }
}

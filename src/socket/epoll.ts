import { EpollFlag, Poll } from './constants.ts'
import { Errno } from './errno.ts'
import { ALWAYS } from './poll.ts'
import { ANY_EVENT, type Pollable, type Watcher, Watchers } from './pollable.ts'

/** What epoll_wait tells of one source. */
export interface EpollEvent {
  /** Bits of Poll. */
  events: number
  /** As given with the source; u64. */
  data: bigint
}

/** epoll(7): a set of sources, and which of them are ready. Each is known by a number, its descriptor. */
export class Epoll implements Pollable {
  /** Called when a source becomes ready, in the application phase. */
  onReady: (() => void) | undefined
  readonly #interests = new Map<number, Interest>()
  readonly #watchers = new Watchers()
  /** Those that may be ready, in the order in which they became so. */
  #ready = new Set<Interest>()

  /** EPOLL_CTL_ADD: 0, -EEXIST, or -EINVAL for itself. `events`: bits of Poll and EpollFlag. */
  add(key: number, source: Pollable, events: number, data: bigint): number {
    if (source === this) return -Errno.EINVAL
    if (this.#interests.has(key)) return -Errno.EEXIST
    const interest = new Interest(this, key, source, events, data)
    this.#interests.set(key, interest)
    source.watch(interest)
    this.#look(interest)
    return 0
  }

  /** EPOLL_CTL_MOD: 0, -ENOENT, or -EINVAL for EPOLLEXCLUSIVE. */
  modify(key: number, events: number, data: bigint): number {
    const interest = this.#interests.get(key)
    if (interest === undefined) return -Errno.ENOENT
    if (((events | interest.events) & EpollFlag.Exclusive) !== 0) return -Errno.EINVAL
    interest.events = events
    interest.data = data
    this.#look(interest)
    return 0
  }

  /** EPOLL_CTL_DEL: 0 or -ENOENT. */
  remove(key: number): number {
    const interest = this.#interests.get(key)
    if (interest === undefined) return -Errno.ENOENT
    interest.source.unwatch(interest)
    this.forget(interest)
    return 0
  }

  /**
   * epoll_wait: appends up to `most` events to `out` and returns how many, 0 when nothing is ready. -EINVAL when `most` is not positive.
   * A level-triggered source is told again as long as it is ready, an edge-triggered one when something new has happened, and a
   * one-shot one only once.
   */
  wait(out: EpollEvent[], most: number): number {
    if (most <= 0) return -Errno.EINVAL
    const candidates = this.#ready
    this.#ready = new Set()
    const again: Interest[] = []
    let count = 0
    for (const interest of candidates) {
      if (count === most) {
        this.#ready.add(interest)
        continue
      }
      const events = interest.poll()
      if (events === 0) continue
      count++
      out.push({ events, data: interest.data })
      if ((interest.events & EpollFlag.OneShot) !== 0) interest.isSpent = true
      else if ((interest.events & EpollFlag.EdgeTriggered) === 0) again.push(interest)
    }
    for (const interest of again) this.#ready.add(interest)
    return count
  }

  /** An epoll is readable when something in it is ready. */
  poll(): number {
    for (const interest of this.#ready) if (interest.poll() !== 0) return Poll.In | Poll.ReadNormal
    return 0
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.remove(watcher)
  }

  close(): number {
    for (const interest of this.#interests.values()) interest.source.unwatch(interest)
    this.#interests.clear()
    this.#ready.clear()
    this.onReady = undefined
    this.#watchers.close(this)
    return 0
  }

  /** The source has become ready. */
  mark(interest: Interest): void {
    if (this.#ready.has(interest)) return
    this.#ready.add(interest)
    this.#watchers.wake(this, Poll.In | Poll.ReadNormal)
    this.onReady?.()
  }

  /** The source is no longer in the set. */
  forget(interest: Interest): void {
    this.#interests.delete(interest.key)
    this.#ready.delete(interest)
  }

  /** Added or changed: what holds already counts as new. */
  #look(interest: Interest): void {
    interest.isSpent = false
    if (interest.poll() !== 0) this.mark(interest)
  }
}

/** One source in the set. */
class Interest implements Watcher {
  readonly key: number
  readonly source: Pollable
  events: number
  data: bigint
  /** One-shot, and told. */
  isSpent = false
  readonly #epoll: Epoll

  constructor(epoll: Epoll, key: number, source: Pollable, events: number, data: bigint) {
    this.#epoll = epoll
    this.key = key
    this.source = source
    this.events = events
    this.data = data
  }

  poll(): number {
    return this.isSpent ? 0 : this.source.poll() & (this.events | ALWAYS)
  }

  woken(_source: Pollable, events: number): void {
    if (this.isSpent || (events !== ANY_EVENT && (events & (this.events | ALWAYS)) === 0)) return
    this.#epoll.mark(this)
  }

  gone(): void {
    this.#epoll.forget(this)
  }
}

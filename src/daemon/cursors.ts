import type { Pieces } from './views.ts'

/** A piece of a view, and by what name the next one can be asked for; undefined: there is none. */
export interface Part {
  readonly piece: unknown
  readonly cursor: number | undefined
}

/** Views that somebody in another thread reads piece by piece. */
export class Cursors {
  /** What is left to read, begun with a piece that has been looked up in advance. */
  readonly #open = new Map<number, { ahead: unknown; rest: Iterator<unknown> }>()
  #last = 0

  /** How many are being read. */
  get size(): number {
    return this.#open.size
  }

  /** The first of `pieces`, of which there is one at least. */
  begin(pieces: Iterable<unknown>): Part {
    const rest = pieces[Symbol.iterator]()
    return this.#part(++this.#last, rest.next().value, rest)
  }

  more(cursor: number): Part {
    const { ahead, rest } = this.#open.get(cursor)!
    return this.#part(cursor, ahead, rest)
  }

  /** Nobody wants the rest. */
  leave(cursor: number): void {
    this.#open.delete(cursor)
  }

  #part(cursor: number, piece: unknown, rest: Iterator<unknown>): Part {
    this.#open.delete(cursor)
    const next = rest.next()
    if (next.done === true) return { piece, cursor: undefined }
    this.#open.set(cursor, { ahead: next.value, rest })
    return { piece, cursor }
  }
}

/** The thread that has the cursors. */
export interface Asked {
  readonly isOver: boolean
  ask(call: 'more' | 'leave', cursor: number): Promise<unknown>
}

/** What a thread has to say of a view, from its first part on. When the thread ends in the middle, that was all. */
export async function* readFrom(thread: Asked, first: Part): Pieces {
  let part: Part = first
  try {
    for (;;) {
      yield part.piece
      if (part.cursor === undefined) return
      part = (await thread.ask('more', part.cursor)) as Part
    }
  } catch (error) {
    if (!thread.isOver) throw error
  } finally {
    if (part.cursor !== undefined) thread.ask('leave', part.cursor).catch(() => {})
  }
}

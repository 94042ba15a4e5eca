import type { DaemonConfig } from './config.ts'
import type { Part } from './cursors.ts'
import type { Queue } from './queue.ts'

/** What the thread of a queue is given. */
export interface QueueTask {
  readonly config: DaemonConfig
  readonly queue: Queue
}

/** What it is asked to do, and answers. */
export interface QueueCalls {
  /** Begins to answer packets. */
  start(): void
  /** This stack's part of a view, its first piece. */
  collect(view: string, args: unknown): Part
  more(cursor: number): Part
  leave(cursor: number): void
  /** See ServedStack; the thread ends behind it. */
  close(grace: number): Promise<void>
}

export interface QueueRequest {
  readonly id: number
  readonly call: keyof QueueCalls
  readonly args: readonly unknown[]
}

/** What it says. */
export type QueueMessage =
  | { kind: 'opened'; dev: string }
  | { kind: 'failed'; isUsage: boolean; code: string; message: string; hint: string | undefined }
  | { kind: 'log'; record: string }
  | { kind: 'answer'; id: number; result?: unknown; error?: string }

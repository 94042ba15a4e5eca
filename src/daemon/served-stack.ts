import type { Duration } from '../base/time.ts'
import type { ControlVerbs } from './control.ts'

/** A stack with its device and services, as the daemon's process sees it. */
export interface ServedStack {
  /** The device's real name: an adopted descriptor brings its own. */
  readonly dev: string
  /** What clients of the control socket may ask. */
  readonly verbs: ControlVerbs
  /** Paths that were opened for writing and belong to the user whom the daemon becomes. */
  readonly files: readonly string[]
  /** Resolves when serving came to an end that nobody asked for: the device is gone for good. */
  readonly failed: Promise<Error>
  /** Sets no-new-privileges on all threads. */
  forbidNewPrivileges(): void
  /** Begins to answer. The device and all listeners are open already. */
  start(): void
  /** Closes the connections in order, resets what is left after `grace`, and lets the device go. */
  close(grace: Duration): Promise<void>
  /** Resets everything and lets the device go, now; a promise, where that takes a moment. Does nothing after `close` has ended. */
  abort(): void
}

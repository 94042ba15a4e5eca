/** What a client asks, one JSON text a line. */
export interface ControlRequest {
  verb: string
  args: unknown
}

/** The answer to it, one JSON text a line, in the order of the requests. */
export type ControlResponse = { ok: true; result: unknown } | { ok: false; error: string }

/** Longest request, bytes, line end included. */
export const REQUEST_LIMIT = 64 * 1024

/** Mode of the socket file: who may connect is its owner and its group. */
export const SOCKET_MODE = 0o660

import { FastOpenCookie } from './fast-open-cookie.ts'

/** Why a Fast Open of ours was none; the numbers are those of Linux's `tcpi_fastopen_client_fail`. */
export const FastOpenFailure = {
  None: 0,
  /** There was no cookie to send data with. */
  NoCookie: 1,
  /** The data was not acknowledged with the SYN. */
  NotAcknowledged: 2,
  /** The SYN was lost. */
  SynLost: 3,
} as const
export type FastOpenFailure = (typeof FastOpenFailure)[keyof typeof FastOpenFailure]

/** What a connection knows of its Fast Open (RFC 7413), begun by us or by the peer. */
export class FastOpen {
  /** What our first SYN, or SYN-ACK, carries. */
  readonly cookie = new FastOpenCookie()
  /** Data may go with our SYN: there is a cookie, or none is needed. At most so many bytes. */
  mostData = 0
  /** The SYN waits for the first data (TCP_FASTOPEN_CONNECT). */
  isDeferred = false
  /** Bytes that went with our SYN. They are not in SND.NXT: what the peer does not acknowledge with its SYN was never sent. */
  dataSent = 0
  /** The SYN's data arrived, at us or at the peer. */
  isDataAcknowledged = false
  failure: FastOpenFailure = FastOpenFailure.None
}

/** What is known of a segment that was sent. */
export const Mark = {
  /** The receiver has it (RFC 2018). */
  Sacked: 1,
  /** Presumed lost. */
  Lost: 2,
  /** Sent again, and that copy is not presumed lost. */
  Resent: 4,
  /** Sent again at some time: its acknowledgement times nothing (Karn). */
  EverResent: 8,
  /** The application, not the network, limited the sender when it went out. */
  AppLimited: 16,
  /** It carried PSH, and does so again. */
  Pushed: 32,
  /** The last of those that left together, as Linux's super-segments do. */
  EndsTrain: 64,
} as const

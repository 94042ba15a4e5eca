/** What a four-tuple leads to: the low bits of a handle in the flow table, the rest is a row. */
export const FlowKind = {
  Connection: 0,
  SynCache: 1,
} as const

export const flowHandle = (kind: number, row: number): number => (row << 2) | kind

export const kindOf = (handle: number): number => handle & 3

export const rowOf = (handle: number): number => handle >> 2

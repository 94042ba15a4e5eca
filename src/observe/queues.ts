/** What one stack of several does, for whoever looks at how the load is shared. */
export interface QueueRow {
  queue: number
  connections: number
  PassiveOpens: number
  ActiveOpens: number
  InSegs: number
  OutSegs: number
  /** Packets that came to one stack and were another's. */
  HandedOver: number
  TakenOver: number
  HandOverDropped: number
}

const COLUMNS: readonly [heading: string, width: number, read: keyof QueueRow][] = [
  ['Queue', 5, 'queue'],
  ['Connections', 12, 'connections'],
  ['Accepted', 11, 'PassiveOpens'],
  ['Opened', 11, 'ActiveOpens'],
  ['Segments-In', 13, 'InSegs'],
  ['Segments-Out', 13, 'OutSegs'],
  ['Given', 11, 'HandedOver'],
  ['Taken', 11, 'TakenOver'],
  ['Lost', 7, 'HandOverDropped'],
]

/** A line for each queue. Given and taken: packets that came to a queue and were another's; lost: on the way. */
export function formatQueues(rows: readonly QueueRow[]): string {
  const lines = rows.map((row) => COLUMNS.map(([, width, read]) => String(row[read]).padStart(width)))
  const headings = COLUMNS.map(([heading, width]) => heading.padStart(width))
  return [headings, ...lines].map((cells) => `${cells.join(' ').trimEnd()}\n`).join('')
}

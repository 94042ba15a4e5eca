/** Of one connection, but for `longest`, `netstat` and its longest piece, which are milliseconds of all. */
export interface Idle {
  count: number
  established: number
  resting: number
  bytes: number
  heapBytes: number
  arrayBytes: number
  microseconds: number
  longest: number
  netstat: number
  netstatPiece: number
}

export function measureIdle(count: number, kind: 'awake' | 'connections' | 'sockets'): Idle

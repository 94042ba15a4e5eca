/** Of one connection, but for `longest` and `netstatMilliseconds`, which are of all. */
export interface Idle {
  count: number
  established: number
  resting: number
  bytes: number
  heapBytes: number
  arrayBytes: number
  microseconds: number
  longest: number
  netstatMilliseconds: number
}

export function measureIdle(count: number, kind: 'awake' | 'connections' | 'sockets'): Idle

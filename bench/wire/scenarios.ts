/** What is done to every candidate. */
export interface Scenario {
  key: string
  name: string
  mode: 'up' | 'down' | 'rr' | 'crr' | 'idle'
  port: number
  connections: number
}

const DISCARD = 9
const CHARGEN = 19
const ECHO = 7

export const SCENARIOS: readonly Scenario[] = [
  { key: 'up-1', name: 'upload, 1 connection', mode: 'up', port: DISCARD, connections: 1 },
  { key: 'up-8', name: 'upload, 8 connections', mode: 'up', port: DISCARD, connections: 8 },
  { key: 'down-1', name: 'download, 1 connection', mode: 'down', port: CHARGEN, connections: 1 },
  { key: 'down-8', name: 'download, 8 connections', mode: 'down', port: CHARGEN, connections: 8 },
  { key: 'rr', name: 'request/response of 64 bytes', mode: 'rr', port: ECHO, connections: 1 },
  { key: 'crr-1', name: 'connect-request-close, 1 client', mode: 'crr', port: ECHO, connections: 1 },
  { key: 'crr-8', name: 'connect-request-close, 8 clients', mode: 'crr', port: ECHO, connections: 8 },
  { key: 'idle', name: '2,000 idle connections', mode: 'idle', port: ECHO, connections: 2000 },
]

export const isBulk = ({ mode }: Scenario): boolean => mode === 'up' || mode === 'down'

/** What its rate counts. */
export const unitOf = (scenario: Scenario): string => (isBulk(scenario) ? 'Gbit/s' : 'per second')

/** What its processor time counts: of a kilobyte, or of an operation. */
export const costUnitOf = (scenario: Scenario): string => (isBulk(scenario) ? 'ns/KB' : 'µs each')

import { tcpInfo } from '../socket/tcp-info.ts'
import { emptyTcpInfo } from '../socket/tcp-info-layout.ts'
import type { CodeValue } from './code-ast.ts'
import type { UnderTest } from './under-test.ts'

/** Sets the variables `tcpi_*` of code blocks from TCP_INFO of the connection under test; all 0 while there is none. */
export function tcpInfoVariables(variables: Map<string, CodeValue>, { current }: UnderTest): void {
  const info = current?.socket === undefined ? emptyTcpInfo() : tcpInfo(current.socket)
  for (const [name, value] of Object.entries(info)) variables.set(name, value)
}

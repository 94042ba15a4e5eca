import type { CodeValue } from './code-ast.ts'
import type { Machine } from './machine.ts'
import type { UnderTest } from './under-test.ts'

/** Sets the variables `tcpi_*` of code blocks from TCP_INFO of the connection under test. */
export function tcpInfoVariables(
  _variables: Map<string, CodeValue>,
  _machine: Machine,
  _underTest: UnderTest,
): void {}

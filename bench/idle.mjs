// What idle established connections cost: bytes each (from RSS), what opening one and a request on it takes, and how long `netstat` does.
//
// usage: node bench/idle.mjs [COUNT] [--kind awake|connections|sockets]
//
// connections: at rest, without the sockets that would hold them; sockets: with them; awake: as long as something is under way.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureIdle } from './support/measure-idle.mjs'

const KINDS = ['awake', 'connections', 'sockets']

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { kind: { type: 'string', multiple: true, default: KINDS } },
    })
    const count = Number(positionals[0] ?? 100_000)
    if (!Number.isInteger(count) || count < 128)
      throw new Error(`a number from 128 on, not ${positionals[0]}`)
    const unknown = values.kind.find((kind) => !KINDS.includes(kind))
    if (unknown !== undefined) throw new Error(`no kind '${unknown}'; there are ${KINDS.join(', ')}`)
    return { count, kinds: values.kind }
  } catch (error) {
    console.error(`idle: ${error.message}`)
    process.exit(2)
  }
}

const { count, kinds } = readOptions()
spawnSync(process.execPath, [fileURLToPath(new URL('../native-setup/setup.mjs', import.meta.url))])
console.log(
  `${count} connections`.padEnd(24),
  'bytes each  heap  arrays  µs each  longest turn  netstat  its longest piece',
)
for (const kind of kinds) {
  const { bytes, heapBytes, arrayBytes, microseconds, longest, netstat, netstatPiece } = measureIdle(
    count,
    kind,
  )
  const cells = [bytes, heapBytes, arrayBytes, microseconds, longest, netstat, netstatPiece]
  const widths = [10, 6, 8, 9, 11, 6, 16]
  const text = cells.map((cell, i) => Math.round(cell).toString().padStart(widths[i]))
  console.log(kind.padEnd(23), `${text.slice(0, 4).join('')}${text[4]} ms${text[5]} ms${text[6]} ms`)
}

import { closeSync, openSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PcapWriter } from '../../src/device/pcap.ts'
import { featuresOf, planOf } from './features.ts'
import type { Plan } from './plan.ts'
import { type Captures, play } from './stage.ts'
import { complaints } from './verdict.ts'

/** How to see one number's transfer again, with captures of it. */
const commandFor = (seed: number): string =>
  `node --import ./test/support/typescript-loader.mjs test/sim-transfer/replay.ts ${seed}`

/** Lets the plan happen. What is wrong with it; an exception is too. */
export function judge(plan: Plan, captures?: Captures): string[] {
  try {
    return complaints(play(plan, captures))
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}

/** What goes wrong with `count` numbers from `first` on, and how to see it again. */
export function failures(first: number, count: number): string {
  const all: string[] = []
  for (let seed = first; seed < first + count; seed++) {
    const said = judge(planOf(seed))
    if (said.length > 0) all.push(`${commandFor(seed)}\n${said.join('\n')}`)
  }
  return all.join('\n\n')
}

/** The fewest features with which it still goes wrong in the same way. */
function reduce(seed: number, said: readonly string[]): string[] {
  const kind = kindOf(said)
  let features = featuresOf(seed)
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    for (const one of features) {
      const fewer = features.filter((name) => name !== one)
      if (kindOf(judge(planOf(seed, fewer))) !== kind) continue
      features = fewer
      isSmaller = true
      break
    }
  }
  return features
}

/** Complaints without their numbers. */
const kindOf = (said: readonly string[]): string => (said[0] ?? '').split('\n')[0]!.replaceAll(/\d+/g, '#')

/** Writes what each host's tcpdump would have seen. */
function capture(seed: number, plan: Plan): void {
  const paths = ['client', 'server'].map((name) => join(tmpdir(), `transfer-${seed}-${name}.pcap`))
  const files = paths.map((path) => openSync(path, 'w'))
  const [client, server] = files.map(
    (file) => new PcapWriter((bytes) => writeSync(file, bytes) === bytes.length, { epoch: 0 }),
  )
  judge(plan, { client: client!, server: server! })
  client!.flush()
  server!.flush()
  for (const file of files) closeSync(file)
  console.log(`captures: ${paths.join(' ')}`)
}

function main(seed: number, given: string[]): void {
  const features = given.length > 0 ? given : featuresOf(seed)
  const said = judge(planOf(seed, features))
  console.log(said.length === 0 ? 'nothing is wrong' : said.join('\n'))
  const few = said.length === 0 || given.length > 0 ? features : reduce(seed, said)
  const plan = planOf(seed, few)
  console.log(JSON.stringify(plan))
  console.log(`features: ${few.map((name) => JSON.stringify(name)).join(' ')}`)
  capture(seed, plan)
}

if (process.argv[1]?.endsWith('replay.ts') === true) main(Number(process.argv[2]), process.argv.slice(3))

import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { formatVerdict, Tally } from '../../conformance/conform.ts'
import { profileNames } from '../../conformance/profiles.ts'
import { UsageError } from '../../daemon/errors.ts'
import type { FileOptions, TimedVerdict } from '../conform-file.ts'
import { conformFiles } from '../conform-jobs.ts'
import { findScripts } from '../script-files.ts'
import { type Finish, Status } from '../status.ts'

interface Said {
  define?: string[]
  option?: string[]
  filter?: string
  json?: string
  jobs: number
  profile?: string
  strict?: true
  offload?: true
  pcap?: string
  quiet?: true
  verbose?: true
}

const append = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

/** `tunstack conform PATH...`: runs scripts of the packetdrill language against the stack, in virtual time. */
export function addConform(program: Command, finish: Finish): void {
  program
    .command('conform')
    .description('Run packetdrill scripts against the stack, in virtual time; needs no privilege.')
    .argument('<path...>', 'scripts, and folders of them (*.pkt)')
    .addOption(
      new Option('-D, --define <name=value>', 'a symbol for all scripts, repeatable').argParser(append),
    )
    .addOption(
      new Option(
        '-o, --option <name=value>',
        'an option of scripts, which wins over theirs: tolerance_usecs=10000',
      ).argParser(append),
    )
    .option('--filter <text>', 'only scripts whose path contains this')
    .addOption(
      new Option('--profile <name>', 'whose choices the stack makes (default: linux)').choices(
        profileNames(),
      ),
    )
    .option('--strict', 'packets that nobody expects are failures')
    .option('--offload', 'the device takes segments of 64 KB and splits them as a kernel does')
    .addOption(new Option('--jobs <number>', 'threads').argParser(toJobs).default(1, '1'))
    .option('--json <file>', 'write the verdicts into a file')
    .option('--pcap <folder>', 'write a capture of each script into a folder')
    .option('-q, --quiet', 'only failures and the summary')
    .option('-v, --verbose', 'also what code blocks print')
    .action(async (paths: string[], said: Said) => finish(await runConform(paths, said)))
}

function toJobs(text: string): number {
  const jobs = Number(text)
  if (!Number.isInteger(jobs) || jobs < 0) throw new InvalidArgumentError('an integer, 0 for one a processor')
  return jobs === 0 ? availableParallelism() : jobs
}

async function runConform(paths: readonly string[], said: Said): Promise<number> {
  const options = optionsOf(said)
  if (said.pcap !== undefined) mkdirSync(said.pcap, { recursive: true })
  const tally = new Tally()
  const verdicts: TimedVerdict[] = []
  await conformFiles(findScripts(paths, said.filter), options, said.jobs, (verdict) => {
    tally.add(verdict)
    if (said.json !== undefined) verdicts.push(verdict)
    for (const line of verdict.printed) process.stdout.write(`  ${line}\n`)
    if (said.quiet !== true || verdict.outcome === 'failed')
      process.stdout.write(`${formatVerdict(verdict)}\n`)
  })
  if (said.json !== undefined) writeFileSync(said.json, jsonOf(tally, verdicts))
  process.stdout.write(`${tally}\n`)
  return tally.failed === 0 ? Status.Done : Status.Failed
}

function optionsOf(said: Said): FileOptions {
  const overrides = (said.option ?? []).map((text) => pairOf(text, '--option', false))
  const flags = [said.strict && 'strict', said.offload && 'offload'].filter(
    (name) => typeof name === 'string',
  )
  return {
    definitions: Object.fromEntries(
      (said.define ?? []).map((text) => Object.values(pairOf(text, '--define', true))),
    ),
    overrides: [
      ...(said.profile === undefined ? [] : [{ name: 'profile', value: said.profile }]),
      ...flags.map((name) => ({ name, value: undefined })),
      ...overrides,
    ],
    pcap: said.pcap,
    verbose: said.verbose === true,
  }
}

function pairOf(
  text: string,
  option: string,
  needsValue: boolean,
): { name: string; value: string | undefined } {
  const at = text.indexOf('=')
  if (at === 0 || (at === -1 && needsValue)) throw new UsageError(`${option}: '${text}' is not NAME=VALUE`)
  return at === -1 ? { name: text, value: undefined } : { name: text.slice(0, at), value: text.slice(at + 1) }
}

const jsonOf = ({ passed, failed, skipped }: Tally, scripts: readonly TimedVerdict[]): string =>
  `${JSON.stringify({ passed, failed, skipped, scripts }, null, 2)}\n`

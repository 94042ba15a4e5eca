// A daemon under a SYN flood with 100 honest clients among the forged ones, with SYN cookies and without. Needs root and /dev/net/tun.
//
// usage: node bench/synflood.mjs [--rate N] [--seconds N] [--cookies 0|1] [--profile FOLDER]
//
// --profile: a profile of the daemon's processor time, for Chrome's or VS Code's viewer.
import { parseArgs } from 'node:util'
import '../test/support/typescript-loader.mjs'

const { flood } = await import('../test/support/flood.ts')
const { Site } = await import('../test/support/e2e-site.ts')
const { requireTools } = await import('../test/support/netns.ts')

const CLIENTS = 100
const MEGABYTE = 1 << 20

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        rate: { type: 'string', default: '100000' },
        seconds: { type: 'string', default: '10' },
        cookies: { type: 'string' },
        profile: { type: 'string' },
      },
    })
    return values
  } catch (error) {
    console.error(`synflood: ${error.message}`)
    process.exit(2)
  }
}

function report(cookies, result) {
  const { visits, seconds } = result
  const perSecond = (count) => `${Math.round(count / seconds)}/s`
  const at = (part) =>
    visits.waits[Math.min(visits.waits.length - 1, Math.floor(visits.waits.length * part))] ?? '-'
  console.log(`net.ipv4.tcp_syncookies=${cookies}`)
  console.log(
    `  offered   ${result.offered} SYNs in ${seconds} s, ${perSecond(result.offered)}; ${result.refused} refused`,
  )
  console.log(
    `  arrived   ${perSecond(result.arrived)}; lost in the device's queue ${perSecond(result.lost)}`,
  )
  console.log(`  answered  ${perSecond(result.sent)}`)
  const each = ((1e6 * result.processor) / Math.max(1, result.arrived)).toFixed(1)
  console.log(
    `  processor ${((100 * result.processor) / seconds).toFixed(0)} % of one, ${each} µs a SYN that arrived`,
  )
  console.log(
    `  memory    ${(result.memoryBefore / MEGABYTE).toFixed(0)} MB before, ${(result.memory / MEGABYTE).toFixed(0)} MB at most`,
  )
  console.log(`  held      ${result.handshakes} handshakes at most`)
  console.log(
    `  clients   ${visits.connected} of ${CLIENTS} connected, ${visits.right} served, ${visits.closed} closed in order`,
  )
  console.log(`  connect   ${at(0.5)} ms median, ${at(0.9)} ms nine in ten, ${at(1)} ms at most`)
  if (Object.keys(visits.errors).length > 0) console.log(`  errors    ${JSON.stringify(visits.errors)}`)
}

const options = readOptions()
if (requireTools('ip', 'cc') !== undefined) process.exit(1)
for (const cookies of options.cookies === undefined ? ['1', '0'] : [options.cookies]) {
  const site = new Site()
  if (options.profile !== undefined) site.nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]
  try {
    await site.serve('--sysctl', `net.ipv4.tcp_syncookies=${cookies}`)
    const plan = {
      rate: Number(options.rate),
      seconds: Number(options.seconds),
      clients: CLIENTS,
      patience: 20,
    }
    report(cookies, await flood(site, plan))
  } finally {
    await site.close()
  }
}

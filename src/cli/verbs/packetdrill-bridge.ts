import { once } from 'node:events'
import { type Command, Option } from 'commander'
import { profileNames } from '../../conformance/profiles.ts'
import { BridgeServer } from '../bridge-server.ts'
import { type Finish, Status } from '../status.ts'

/** `tunstack packetdrill-bridge SOCKET`: the other side of a packetdrill that drives a stack in another process. */
export function addPacketdrillBridge(program: Command, finish: Finish): void {
  program
    .command('packetdrill-bridge')
    .description('Let an unmodified packetdrill drive our stack in virtual time, until told to stop.')
    .argument('<socket>', 'path of the unix socket on which to listen')
    .addOption(
      new Option('--profile <name>', 'whose choices the stack makes (default: linux)').choices(
        profileNames(),
      ),
    )
    .addHelpText(
      'after',
      '\nEach client that says HELLO gets a fresh stack; its commands (sysctl, nstat, tc, ...) are done to that stack, never to this host.',
    )
    .action(async (path: string, said: { profile?: string }) => finish(await runBridge(path, said.profile)))
}

async function runBridge(path: string, profile: string | undefined): Promise<number> {
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const server = await BridgeServer.listen(path, { profile, log: (line) => console.error(line) })
  process.stdout.write(`ready on ${path}\n`)
  await stopped
  await server.close()
  return Status.Done
}

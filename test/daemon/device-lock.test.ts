import { expect, test } from 'vitest'
import { lockDevice } from '../../src/daemon/device-lock.ts'
import { deviceName } from './temporary.ts'

test('a second daemon on a device learns who has it, until it is released', async () => {
  const dev = deviceName()
  const lock = await lockDevice(dev)
  await expect(lockDevice(dev)).rejects.toMatchObject({
    code: 'ELOCKED',
    message: `another tunstack daemon (process ${process.pid}) serves ${dev}`,
  })
  await lock.release()
  await (await lockDevice(dev)).release()
})

test('devices are locked one by one', async () => {
  const one = await lockDevice(deviceName())
  const other = await lockDevice(deviceName())
  await one.release()
  await other.release()
})

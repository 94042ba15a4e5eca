#!/usr/bin/env node
import { run } from './program.ts'

/** Milliseconds for what is still open to close by itself. */
const PATIENCE = 1000

process.stdout.on('error', () => process.exit(process.exitCode ?? 0)) // `tunstack netstat | head`

const status = await run(process.argv.slice(2))
process.exitCode = status
setTimeout(() => process.exit(status), PATIENCE).unref()

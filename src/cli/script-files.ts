import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const EXTENSION = '.pkt'

/** The scripts that these files and folders name, in order; folders are searched to their depth. What does not exist is kept as it is named. */
export function findScripts(paths: readonly string[], filter = ''): string[] {
  const found = paths.flatMap((path) => (isFolder(path) ? scriptsIn(path) : [path]))
  return [...new Set(found)].filter((path) => path.includes(filter))
}

function scriptsIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return scriptsIn(path)
    return entry.name.endsWith(EXTENSION) ? [path] : []
  })
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** Folder of the control sockets. */
export const RUN_FOLDER = '/run/tunstack'

/** Names the control socket where no option does; the shell of `enterNamespace` has it set. */
export const CONTROL_VARIABLE = 'TUNSTACK_CONTROL'

export const controlPathOf = (dev: string): string =>
  process.env[CONTROL_VARIABLE] || `${RUN_FOLDER}/${dev}.sock`

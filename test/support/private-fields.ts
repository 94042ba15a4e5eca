import { Session } from 'node:inspector'

/** Where the debugger finds the object that it is asked about. */
const HANDLE = '__inspected'

interface Property {
  name: string
  value?: { type: string; subtype?: string; value?: unknown; unserializableValue?: string; objectId?: string }
}

/**
 * All fields of an object and of what it holds, `#private` ones too, as a debugger sees them: the path of each (`send.queue.#head`) with
 * its value as text. Objects are followed unless `skips` says so of their path.
 */
export function fieldsOf(object: object, skips: (path: string) => boolean): Map<string, string> {
  const session = new Session()
  session.connect()
  Object.assign(globalThis, { [HANDLE]: object })
  const fields = new Map<string, string>()
  const follow = (objectId: string, prefix: string): void => {
    for (const { name, value } of propertiesOf(session, objectId)) {
      const path = prefix === '' ? name : `${prefix}.${name}`
      if (value === undefined || value.type === 'function' || skips(path)) continue
      const isPlain = value.objectId === undefined || value.subtype === 'null'
      if (isPlain) fields.set(path, String(value.unserializableValue ?? value.value))
      else follow(value.objectId!, path)
    }
  }
  try {
    follow(evaluate(session), '')
  } finally {
    session.disconnect()
    Reflect.deleteProperty(globalThis, HANDLE)
  }
  return fields
}

/** The session answers at once: it debugs the thread that it runs in. */
function ask<T>(session: Session, method: string, parameters: object): T {
  let answer: T | undefined
  session.post(method, parameters, (error, result) => {
    if (error !== null) throw error
    answer = result as T
  })
  return answer!
}

const evaluate = (session: Session): string =>
  ask<{ result: { objectId: string } }>(session, 'Runtime.evaluate', { expression: HANDLE }).result.objectId

function propertiesOf(session: Session, objectId: string): Property[] {
  const { result, privateProperties = [] } = ask<{ result: Property[]; privateProperties?: Property[] }>(
    session,
    'Runtime.getProperties',
    { objectId, ownProperties: true },
  )
  return [...result.filter(({ name }) => name !== '__proto__'), ...privateProperties]
}

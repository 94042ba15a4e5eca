import { PROFILES, type TcpProfile } from '../tcp/profile.ts'

export const profileNames = (): string[] => [...PROFILES.keys()]

/** A copy that one stack may change; undefined for an unknown name. */
export function profileNamed(name: string): TcpProfile | undefined {
  const profile = PROFILES.get(name)
  return profile && { ...profile }
}

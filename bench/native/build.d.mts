/** The path of the program `name`, built if need be. Throws an Error with the compiler's words. */
export function nativeProgram(name: string): string

// Lets plain Node run the sources as they are: `node --import ./test/support/typescript-loader.mjs`.
import { register } from 'node:module'

register('./typescript-hooks.mjs', import.meta.url)

#pragma once
#include <node_api.h>

namespace tunstack {

/** Throws an Error with `code` (errno name), `errno` (negative, as Node has it), `syscall` and, where there is one, `device`.
 *  `hint` is what to do about it, or null. Returns null, so that a native function can return it. */
napi_value throwErrno(napi_env env, int error, const char* syscall, const char* device, const char* hint = nullptr);

/** Throws a TypeError: a call that our own TypeScript never makes. */
napi_value throwMisuse(napi_env env, const char* message);

/** The name of an errno, as `ENOENT`. */
const char* errnoName(int error);

}  // namespace tunstack

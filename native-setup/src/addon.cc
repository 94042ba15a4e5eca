#include <node_api.h>

#include "arguments.h"
#include "classes.h"
#include "environment.h"
#include "errors.h"
#include "gro.h"

namespace tunstack {

/** completeChecksum(memory, rows, row): what `flush` does to a row without offload. For tests and benchmarks. */
static napi_value completeChecksumCall(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value values[3];
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  if (count < 3) return throwMisuse(env, "memory, rows and row are needed");
  const Memory memory = memoryOf(env, values[0]);
  const Rows rows = rowsOf(env, values[1]);
  int32_t row = -1;
  napi_get_value_int32(env, values[2], &row);
  if (memory.bytes == nullptr || rows.rows == nullptr || row < 0 || row >= rows.capacity ||
      !isSound(memory, rows.rows + row * kRow)) {
    return throwMisuse(env, "the row points outside the memory");
  }
  completeChecksum(memory, rows.rows + row * kRow);
  return nullptr;
}

/** joinLast(memory, rows, count): what `read` does after each packet with generic receive offload. For tests. */
static napi_value joinLastCall(napi_env env, napi_callback_info info) {
  size_t given = 3;
  napi_value values[3];
  napi_get_cb_info(env, info, &given, values, nullptr, nullptr);
  if (given < 3) return throwMisuse(env, "memory, rows and count are needed");
  const Memory memory = memoryOf(env, values[0]);
  const Rows rows = rowsOf(env, values[1]);
  int32_t count = 0;
  napi_get_value_int32(env, values[2], &count);
  if (memory.bytes == nullptr || rows.rows == nullptr || count < 1 || count > rows.capacity) {
    return throwMisuse(env, "fewer rows than that");
  }
  for (int i = 0; i < count; i++) {
    if (!isSound(memory, rows.rows + i * kRow)) return throwMisuse(env, "a row points outside the memory");
  }
  const int32_t* last = rows.rows + (count - 1) * kRow;
  if (count > 1 && last[kHead] < last[kHead - kRow] + last[kHeadLength - kRow]) {
    return throwMisuse(env, "the last row does not lie behind the one before");
  }
  return makeInteger(env, joinLast(memory, rows.rows, count));
}

static napi_value init(napi_env env, napi_value exports) {
  if (Environment::create(env) != napi_ok) return throwMisuse(env, "no event loop to run on");
  exportDevice(env, exports);
  exportTimer(env, exports);
  exportQueues(env, exports);
  exportProcess(env, exports);
  exportFunction(env, exports, "completeChecksum", completeChecksumCall);
  exportFunction(env, exports, "joinLast", joinLastCall);
  return exports;
}

}  // namespace tunstack

NAPI_MODULE_INIT() { return tunstack::init(env, exports); }

#include <node_api.h>

#include "arguments.h"
#include "classes.h"
#include "environment.h"
#include "errors.h"
#include "gro.h"

namespace tunstack {

/** Arguments (memory, rows, number) of a call that does to rows what a device does. */
struct RowsCall {
  Memory memory;
  Rows rows;
  int32_t number = -1;

  /** False when they are missing, or of other types. */
  bool read(napi_env env, napi_callback_info info) {
    size_t count = 3;
    napi_value values[3];
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
    if (count < 3) return false;
    memory = memoryOf(env, values[0]);
    rows = rowsOf(env, values[1]);
    napi_get_value_int32(env, values[2], &number);
    return memory.bytes != nullptr && rows.rows != nullptr;
  }

  int32_t* row(int32_t index) const { return rows.rows + index * kRow; }

  bool isSound(int32_t index) const {
    return index >= 0 && index < rows.capacity && tunstack::isSound(memory, row(index));
  }
};

/** completeChecksum(memory, rows, row): what `flush` does to a row without offload. For tests and benchmarks. */
static napi_value completeChecksumCall(napi_env env, napi_callback_info info) {
  RowsCall call;
  if (!call.read(env, info)) return throwMisuse(env, "memory, rows and row are needed");
  if (!call.isSound(call.number)) return throwMisuse(env, "the row points outside the memory");
  completeChecksum(call.memory, call.row(call.number));
  return nullptr;
}

/** joinLast(memory, rows, count): what `read` does after each packet with generic receive offload. For tests. */
static napi_value joinLastCall(napi_env env, napi_callback_info info) {
  RowsCall call;
  if (!call.read(env, info)) return throwMisuse(env, "memory, rows and count are needed");
  const int32_t count = call.number;
  if (count < 1 || count > call.rows.capacity) return throwMisuse(env, "fewer rows than that");
  for (int32_t i = 0; i < count; i++) {
    if (!call.isSound(i)) return throwMisuse(env, "a row points outside the memory");
  }
  const int32_t* last = call.row(count - 1);
  if (count > 1 && last[kHead] < last[kHead - kRow] + last[kHeadLength - kRow]) {
    return throwMisuse(env, "the last row does not lie behind the one before");
  }
  return makeInteger(env, joinLast(call.memory, call.rows.rows, count));
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

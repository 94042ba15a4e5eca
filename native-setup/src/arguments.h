#pragma once
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"

namespace tunstack {

/** The arguments of a call and the native object behind `this`. */
template <typename Self, size_t Capacity>
struct Call {
  napi_env env;
  size_t count = Capacity;
  napi_value values[Capacity > 0 ? Capacity : 1];
  napi_value self = nullptr;
  Self* object = nullptr;

  Call(napi_env env, napi_callback_info info) : env(env) {
    napi_get_cb_info(env, info, &count, values, &self, nullptr);
    void* data = nullptr;
    if (napi_unwrap(env, self, &data) == napi_ok) object = static_cast<Self*>(data);
  }

  int32_t integer(size_t i) const {
    int32_t value = 0;
    if (i < count) napi_get_value_int32(env, values[i], &value);
    return value;
  }

  /** Any integer that a double holds exactly. */
  int64_t wide(size_t i) const {
    int64_t value = 0;
    if (i < count) napi_get_value_int64(env, values[i], &value);
    return value;
  }

  double real(size_t i) const {
    double value = 0;
    if (i < count) napi_get_value_double(env, values[i], &value);
    return value;
  }
};

inline napi_value makeInteger(napi_env env, int32_t value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

inline napi_value makeBoolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

inline napi_value makeString(napi_env env, const char* text) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

/** The elements of a typed array of this type, and how many there are; null when it is something else. */
template <typename Element>
Element* elements(napi_env env, napi_value value, napi_typedarray_type wanted, size_t* length) {
  napi_typedarray_type type;
  void* data = nullptr;
  bool isArray = false;
  if (napi_is_typedarray(env, value, &isArray) != napi_ok || !isArray) return nullptr;
  if (napi_get_typedarray_info(env, value, &type, length, &data, nullptr, nullptr) != napi_ok) return nullptr;
  return type == wanted ? static_cast<Element*>(data) : nullptr;
}

inline Memory memoryOf(napi_env env, napi_value value) {
  Memory memory;
  memory.bytes = elements<uint8_t>(env, value, napi_uint8_array, &memory.size);
  return memory;
}

inline Rows rowsOf(napi_env env, napi_value value) {
  Rows result;
  size_t length = 0;
  result.rows = elements<int32_t>(env, value, napi_int32_array, &length);
  result.capacity = static_cast<int>(length / kRow);
  return result;
}

/** A method of a class. */
inline napi_property_descriptor method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

/** A function of the addon itself. */
inline void exportFunction(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace tunstack

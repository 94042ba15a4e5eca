#include "errors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

namespace tunstack {

// libuv does not know the two that the TUN driver is fond of.
const char* errnoName(int error) {
  if (error == EBADFD) return "EBADFD";
  if (error == EUSERS) return "EUSERS";
  return uv_err_name(uv_translate_sys_error(error));
}

static void setProperty(napi_env env, napi_value object, const char* key, const char* text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) {
    napi_set_named_property(env, object, key, value);
  }
}

napi_value throwErrno(napi_env env, int error, const char* syscall, const char* device, const char* hint) {
  char message[512];
  const bool hasDevice = device != nullptr && device[0] != '\0';
  const bool hasHint = hint != nullptr && hint[0] != '\0';
  snprintf(message, sizeof message, "%s%s%s: %s (%s)%s%s", hasDevice ? device : "", hasDevice ? ": " : "", syscall,
           errnoName(error), strerror(error), hasHint ? ": " : "", hasHint ? hint : "");
  napi_value code, text, object, number;
  napi_create_string_utf8(env, errnoName(error), NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text);
  if (napi_create_error(env, code, text, &object) != napi_ok) return nullptr;
  napi_create_int32(env, -error, &number);
  napi_set_named_property(env, object, "errno", number);
  setProperty(env, object, "syscall", syscall);
  if (hasDevice) setProperty(env, object, "device", device);
  napi_throw(env, object);
  return nullptr;
}

napi_value throwMisuse(napi_env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

}  // namespace tunstack

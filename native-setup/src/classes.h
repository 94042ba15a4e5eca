#pragma once
#include <node_api.h>

namespace tunstack {

/** Each adds its class or functions to the addon's exports. */
void exportDevice(napi_env env, napi_value exports);
void exportTimer(napi_env env, napi_value exports);
void exportQueues(napi_env env, napi_value exports);
void exportProcess(napi_env env, napi_value exports);

}  // namespace tunstack

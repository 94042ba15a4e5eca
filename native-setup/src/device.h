#pragma once
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "environment.h"
#include "link.h"
#include "ring.h"
#include "tun.h"

namespace tunstack {

/** A TUN device with its memory: what JavaScript knows as `Device`. */
class Device {
 public:
  ~Device() { close(); }

  static napi_value construct(napi_env env, napi_callback_info info);
  static napi_value read(napi_env env, napi_callback_info info);
  static napi_value flush(napi_env env, napi_callback_info info);
  static napi_value start(napi_env env, napi_callback_info info);
  static napi_value stop(napi_env env, napi_callback_info info);
  static napi_value reference(napi_env env, napi_callback_info info);
  static napi_value closeCall(napi_env env, napi_callback_info info);
  static napi_value name(napi_env env, napi_callback_info info);
  static napi_value inspect(napi_env env, napi_callback_info info);
  static napi_value attach(napi_env env, napi_callback_info info);
  static napi_value setOffload(napi_env env, napi_callback_info info);
  static napi_value setLink(napi_env env, napi_callback_info info);
  static napi_value link(napi_env env, napi_callback_info info);
  static napi_value addAddress(napi_env env, napi_callback_info info);
  static napi_value clearAddresses(napi_env env, napi_callback_info info);
  static napi_value address(napi_env env, napi_callback_info info);

 private:
  bool takeMemory(napi_env env, napi_value options);
  BatchResult write(int count);
  void openLink(Environment* environment);
  int findIndex();
  void hold(napi_env env, napi_value self, napi_value options);
  void close();
  void forget(napi_env env);
  napi_value fail(int error, const char* hint = nullptr);

  napi_env env_ = nullptr;
  TunFile tun_;
  Ring ring_;
  bool wantsRing_ = false;
  bool wantsTrains_ = false;
  Route query_;
  Route watch_;
  int index_ = 0;
  Poll readable_;
  Poll linkChanges_;
  Memory memory_;
  size_t slab_ = 0;
  size_t slabSize_ = 0;
  Rows input_;
  Rows output_;
  int32_t* status_ = nullptr;
  napi_ref self_ = nullptr;
  /** The options object: it keeps the arrays alive. */
  napi_ref options_ = nullptr;
  napi_ref onReadable_ = nullptr;
  napi_ref onLink_ = nullptr;
};

}  // namespace tunstack

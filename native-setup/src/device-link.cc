#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "arguments.h"
#include "device.h"
#include "errors.h"

// What Device asks of, and tells, the kernel about its interface.
namespace tunstack {

constexpr int kMostAddresses = 64;

/** Opens what asks the kernel about the interface and hears of its changes. Without it packets flow all the same. */
void Device::openLink(Environment* environment) {
  linkChanges_.close();
  query_.open(tun_.fd(), 0);
  if (watch_.open(tun_.fd(), RTMGRP_LINK) == 0) {
    linkChanges_.open(environment, watch_.fd(), this, [](void* self, int) {
      auto* device = static_cast<Device*>(self);
      if (device->watch_.drain(device->index_, device->tun_.name())) callBack(device->env_, device->onLink_, 0);
    });
    linkChanges_.start();
    linkChanges_.reference(false);
  }
  findIndex();
}

int Device::findIndex() {
  LinkState state;
  const int error = query_.findLink(tun_.name(), &state);
  if (error == 0) index_ = state.index;
  return error;
}

napi_value Device::fail(int error, const char* hint) {
  const char* said = query_.reason[0] != '\0' ? query_.reason : hint;
  if (error == EPERM && query_.reason[0] == '\0') said = "this needs CAP_NET_ADMIN: do it as root, before privileges are dropped";
  return throwErrno(env_, error, query_.syscall, tun_.name(), said);
}

/** setLink(mtu, queueLength, up): negative leaves as it is. */
napi_value Device::setLink(napi_env env, napi_callback_info info) {
  Call<Device, 3> call(env, info);
  if (call.object == nullptr) return nullptr;
  LinkSettings settings;
  settings.mtu = call.wide(0);
  settings.queueLength = call.wide(1);
  settings.up = call.integer(2);
  const int error = call.object->query_.setLink(call.object->index_, settings);
  return error == 0 ? nullptr : call.object->fail(error);
}

/** link(numbers): fills flags, mtu, queue length and the counters, in the order of LinkNumber. */
napi_value Device::link(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  if (call.object == nullptr || call.count < 1) return nullptr;
  size_t length = 0;
  auto* numbers = elements<double>(env, call.values[0], napi_float64_array, &length);
  if (numbers == nullptr || length < 11) return throwMisuse(env, "a Float64Array of 11 numbers is needed");
  LinkState state;
  const int error = call.object->query_.getLink(call.object->index_, &state);
  if (error != 0) return call.object->fail(error, "the device was deleted or moved");
  const rtnl_link_stats64& counted = state.statistics;
  const uint64_t values[] = {state.flags,        state.mtu,          state.queueLength,  counted.rx_packets,
                             counted.tx_packets, counted.rx_bytes,   counted.tx_bytes,   counted.rx_errors,
                             counted.tx_errors,  counted.rx_dropped, counted.tx_dropped};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) numbers[i] = static_cast<double>(values[i]);
  return nullptr;
}

static uint32_t networkOrder(int32_t address) { return __builtin_bswap32(static_cast<uint32_t>(address)); }

/** addAddress(address, prefix, peer): the kernel's end of the link; one that is there already is no error. */
napi_value Device::addAddress(napi_env env, napi_callback_info info) {
  Call<Device, 3> call(env, info);
  if (call.object == nullptr) return nullptr;
  LinkAddress address;
  address.local = networkOrder(call.integer(0));
  address.prefix = static_cast<uint8_t>(call.integer(1));
  address.peer = networkOrder(call.integer(2));
  const int error = call.object->query_.addAddress(call.object->index_, address);
  return error == 0 ? nullptr : call.object->fail(error);
}

/** clearAddresses(): removes the kernel's IPv4 addresses from the link. */
napi_value Device::clearAddresses(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  if (call.object == nullptr) return nullptr;
  Route& query = call.object->query_;
  LinkAddress list[kMostAddresses];
  int count = 0;
  int error = query.addresses(call.object->index_, list, kMostAddresses, &count);
  for (int i = 0; i < count && error == 0; i++) {
    error = query.removeAddress(call.object->index_, list[i]);
    // A secondary address goes with its primary one.
    if (error == EADDRNOTAVAIL) error = 0;
  }
  return error == 0 ? nullptr : call.object->fail(error);
}

/** address(out): fills address, prefix and peer of the first IPv4 address; false when there is none. */
napi_value Device::address(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  size_t length = 0;
  if (call.object == nullptr || call.count < 1) return makeBoolean(env, false);
  auto* out = elements<int32_t>(env, call.values[0], napi_int32_array, &length);
  if (out == nullptr || length < 3) return throwMisuse(env, "an Int32Array of 3 integers is needed");
  LinkAddress first;
  int count = 0;
  const int error = call.object->query_.addresses(call.object->index_, &first, 1, &count);
  if (error != 0) return call.object->fail(error);
  if (count == 0) return makeBoolean(env, false);
  out[0] = static_cast<int32_t>(networkOrder(static_cast<int32_t>(first.local)));
  out[1] = first.prefix;
  out[2] = static_cast<int32_t>(networkOrder(static_cast<int32_t>(first.peer)));
  return makeBoolean(env, true);
}

}  // namespace tunstack

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <initializer_list>

#include "arguments.h"
#include "classes.h"
#include "environment.h"
#include "errors.h"
#include "link.h"
#include "tun.h"

namespace tunstack {

namespace {

/** Integers of the status array: why the last batch read ended, why the last packet was not written, a bad row. */
enum Status { kReadError, kWriteError, kBadRow, kStatusSize };

constexpr int kMostAddresses = 64;

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
  static napi_value setPersist(napi_env env, napi_callback_info info);
  static napi_value setLink(napi_env env, napi_callback_info info);
  static napi_value link(napi_env env, napi_callback_info info);
  static napi_value addAddress(napi_env env, napi_callback_info info);
  static napi_value clearAddresses(napi_env env, napi_callback_info info);
  static napi_value address(napi_env env, napi_callback_info info);

 private:
  bool takeMemory(napi_env env, napi_value options);
  void openLink(Environment* environment);
  int findIndex();
  void hold(napi_env env, napi_value self, napi_value options);
  void close();
  void forget(napi_env env);
  napi_value fail(int error, const char* hint = nullptr);

  napi_env env_ = nullptr;
  TunFile tun_;
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

napi_value property(napi_env env, napi_value object, const char* key) {
  napi_value value = nullptr;
  napi_get_named_property(env, object, key, &value);
  return value;
}

int64_t integerProperty(napi_env env, napi_value object, const char* key, int64_t otherwise) {
  int64_t value = otherwise;
  if (napi_get_value_int64(env, property(env, object, key), &value) != napi_ok) return otherwise;
  return value;
}

bool booleanProperty(napi_env env, napi_value object, const char* key) {
  bool value = false;
  napi_get_value_bool(env, property(env, object, key), &value);
  return value;
}

TunSettings readSettings(napi_env env, napi_value options) {
  TunSettings settings;
  napi_get_value_string_utf8(env, property(env, options, "name"), settings.name, sizeof settings.name, nullptr);
  settings.fd = static_cast<int>(integerProperty(env, options, "fd", -1));
  settings.multiQueue = booleanProperty(env, options, "multiQueue");
  settings.persist = static_cast<int>(integerProperty(env, options, "persist", -1));
  settings.owner = integerProperty(env, options, "owner", -1);
  settings.group = integerProperty(env, options, "group", -1);
  settings.offload = static_cast<uint32_t>(integerProperty(env, options, "offload", 0));
  return settings;
}

bool Device::takeMemory(napi_env env, napi_value options) {
  memory_ = memoryOf(env, property(env, options, "memory"));
  input_ = rowsOf(env, property(env, options, "input"));
  output_ = rowsOf(env, property(env, options, "output"));
  size_t length = 0;
  status_ = elements<int32_t>(env, property(env, options, "status"), napi_int32_array, &length);
  const int64_t slab = integerProperty(env, options, "slab", -1);
  const int64_t size = integerProperty(env, options, "slabSize", 0);
  if (memory_.bytes == nullptr || input_.rows == nullptr || output_.rows == nullptr || status_ == nullptr) return false;
  if (length < kStatusSize || slab < 0 || size < 2 * static_cast<int64_t>(kLargestPacket)) return false;
  if (static_cast<uint64_t>(slab) + static_cast<uint64_t>(size) > memory_.size || memory_.size > INT32_MAX) return false;
  slab_ = static_cast<size_t>(slab);
  slabSize_ = static_cast<size_t>(size);
  return true;
}

/** new Device(options): see src/device/addon.ts. */
napi_value Device::construct(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  if (call.count < 1) return throwMisuse(env, "options are needed");
  napi_value options = call.values[0];
  auto* device = new Device();
  device->env_ = env;
  if (!device->takeMemory(env, options)) {
    delete device;
    return throwMisuse(env, "memory, slab, input, output and status do not fit each other");
  }
  const TunSettings settings = readSettings(env, options);
  const int error = device->tun_.open(settings);
  if (error != 0) {
    throwErrno(env, error, device->tun_.syscall, settings.name, device->tun_.hint);
    delete device;
    return nullptr;
  }
  Environment* environment = Environment::of(env);
  const int polled = device->readable_.open(environment, device->tun_.fd(), device, [](void* self, int status) {
    auto* device = static_cast<Device*>(self);
    callBack(device->env_, device->onReadable_, status);
  });
  if (polled != 0) {
    throwErrno(env, polled, "epoll_ctl", device->tun_.name());
    delete device;
    return nullptr;
  }
  device->openLink(environment);
  device->hold(env, call.self, options);
  return call.self;
}

/** Opens what asks the kernel about the interface and hears of its changes. Without it packets flow all the same. */
void Device::openLink(Environment* environment) {
  linkChanges_.close();
  query_.open(tun_.fd(), 0);
  if (watch_.open(tun_.fd(), 1 /* RTMGRP_LINK */) == 0) {
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

void Device::hold(napi_env env, napi_value self, napi_value options) {
  napi_wrap(env, self, this, [](napi_env, void* data, void*) { delete static_cast<Device*>(data); }, nullptr, nullptr);
  napi_create_reference(env, self, 1, &self_);
  napi_create_reference(env, options, 1, &options_);
  napi_create_reference(env, property(env, options, "onReadable"), 1, &onReadable_);
  napi_create_reference(env, property(env, options, "onLink"), 1, &onLink_);
}

void Device::close() {
  readable_.close();
  linkChanges_.close();
  tun_.close();
  query_.close();
  watch_.close();
}

/** Lets the collector have the arrays and callbacks. Not at the environment's end, which does it itself. */
void Device::forget(napi_env env) {
  for (napi_ref* reference : {&onReadable_, &onLink_, &options_, &self_}) {
    if (*reference != nullptr) napi_delete_reference(env, *reference);
    *reference = nullptr;
  }
}

napi_value Device::fail(int error, const char* hint) {
  const char* said = query_.reason[0] != '\0' ? query_.reason : hint;
  if (error == EPERM && query_.reason[0] == '\0') said = "this needs CAP_NET_ADMIN: do it as root, before privileges are dropped";
  return throwErrno(env_, error, query_.syscall, tun_.name(), said);
}

/** read(): packets read into the input rows; the status array says why there are not more. */
napi_value Device::read(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  Device* device = call.object;
  if (device == nullptr || device->tun_.fd() < 0) return makeInteger(env, 0);
  const BatchResult result = readBatch(device->tun_.fd(), device->tun_.prefix(), device->memory_, device->slab_,
                                       device->slabSize_, device->input_);
  device->status_[kReadError] = result.error;
  return makeInteger(env, result.count);
}

/** flush(count): packets written of the output rows' first `count`. */
napi_value Device::flush(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  Device* device = call.object;
  const int32_t count = call.integer(0);
  if (device == nullptr || device->tun_.fd() < 0) return makeInteger(env, 0);
  if (count < 0 || count > device->output_.capacity) return throwMisuse(env, "more packets than rows");
  const bool leaveChecksums = (device->tun_.offload() & TUN_F_CSUM) != 0;
  const BatchResult result = writeBatch(device->tun_.fd(), device->tun_.prefix(), device->memory_, device->output_,
                                        count, leaveChecksums);
  device->status_[kWriteError] = result.error;
  device->status_[kBadRow] = result.badRow;
  return makeInteger(env, result.count);
}

/** start(): have `onReadable` called while there is something to read. May be repeated. */
napi_value Device::start(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  if (call.object == nullptr) return nullptr;
  const int error = call.object->readable_.start();
  return error == 0 ? nullptr : throwErrno(env, error, "epoll_ctl", call.object->tun_.name());
}

napi_value Device::stop(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  if (call.object != nullptr) call.object->readable_.stop();
  return nullptr;
}

/** reference(on): whether waiting for packets keeps the process alive. */
napi_value Device::reference(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  bool on = true;
  if (call.count > 0) napi_get_value_bool(env, call.values[0], &on);
  if (call.object != nullptr) call.object->readable_.reference(on);
  return nullptr;
}

/** close(): may be repeated. A device that is not persistent disappears. */
napi_value Device::closeCall(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  if (call.object == nullptr) return nullptr;
  call.object->close();
  call.object->forget(env);
  return nullptr;
}

napi_value Device::name(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  return call.object == nullptr ? nullptr : makeString(env, call.object->tun_.name());
}

/** inspect(): 0 while the device exists, else an errno. Follows it to another name or network namespace. */
napi_value Device::inspect(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  Device* device = call.object;
  if (device == nullptr || device->tun_.fd() < 0) return makeInteger(env, EBADF);
  const int error = device->tun_.inspect();
  LinkState state;
  if (error == 0 && (device->query_.getLink(device->index_, &state) != 0 ||
                     strcmp(state.name, device->tun_.name()) != 0)) {
    device->openLink(Environment::of(env));
  }
  return makeInteger(env, error);
}

/** attach(create): attaches to a device of the old one's name; 0 or an errno. With `create` the device is made, or throws. */
napi_value Device::attach(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  Device* device = call.object;
  if (device == nullptr || device->tun_.fd() < 0) return makeInteger(env, EBADF);
  bool create = false;
  if (call.count > 0) napi_get_value_bool(env, call.values[0], &create);
  LinkState state;
  if (!create && device->query_.findLink(device->tun_.name(), &state) != 0) return makeInteger(env, ENODEV);
  const uint32_t offload = device->tun_.offload();
  const int error = device->tun_.attach();
  if (error != 0 && create) return throwErrno(env, error, device->tun_.syscall, device->tun_.name(), device->tun_.hint);
  if (error != 0) return makeInteger(env, error);
  device->tun_.setOffload(offload);
  device->openLink(Environment::of(env));
  return makeInteger(env, 0);
}

/** setOffload(bits): false when the kernel refuses; offloads are off then. */
napi_value Device::setOffload(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  if (call.object == nullptr || call.object->tun_.fd() < 0) return makeBoolean(env, false);
  return makeBoolean(env, call.object->tun_.setOffload(static_cast<uint32_t>(call.integer(0))));
}

napi_value Device::setPersist(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  if (call.object == nullptr) return nullptr;
  const int error = call.object->tun_.setPersist(call.integer(0) != 0);
  return error == 0 ? nullptr : throwErrno(env, error, call.object->tun_.syscall, call.object->tun_.name());
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

uint32_t networkOrder(int32_t address) { return __builtin_bswap32(static_cast<uint32_t>(address)); }

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

}  // namespace

void exportDevice(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      method("read", Device::read),
      method("flush", Device::flush),
      method("start", Device::start),
      method("stop", Device::stop),
      method("reference", Device::reference),
      method("close", Device::closeCall),
      method("name", Device::name),
      method("inspect", Device::inspect),
      method("attach", Device::attach),
      method("setOffload", Device::setOffload),
      method("setPersist", Device::setPersist),
      method("setLink", Device::setLink),
      method("link", Device::link),
      method("addAddress", Device::addAddress),
      method("clearAddresses", Device::clearAddresses),
      method("address", Device::address),
  };
  napi_value constructor;
  napi_define_class(env, "Device", NAPI_AUTO_LENGTH, Device::construct, nullptr, sizeof methods / sizeof *methods, methods,
                    &constructor);
  napi_set_named_property(env, exports, "Device", constructor);
}

}  // namespace tunstack

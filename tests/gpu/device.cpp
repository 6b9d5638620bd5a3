// Loading, opening and closing; what it is for is in device.h.
#include "device.h"

#include <dlfcn.h>

namespace slice {
namespace {

void GROK1_CALL drop_message(void*, int32_t, const char*, size_t) {}

constexpr grok1_backend_host kHost{sizeof(grok1_backend_host), GROK1_BACKEND_ABI_MAJOR, GROK1_BACKEND_ABI_MINOR,
                                   nullptr, drop_message};

}  // namespace

const grok1_backend_descriptor& load(const std::string& plugin) {
  const std::string file = plugin.find('/') == plugin.npos ? "./" + plugin : plugin;  // a path, never a search
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto* found = static_cast<const grok1_backend_descriptor*>(dlsym(library, "grok1_backend_entry"));
  if (found == nullptr || found->magic != GROK1_BACKEND_MAGIC || found->abi_major != GROK1_BACKEND_ABI_MAJOR)
    throw std::runtime_error(plugin + ": wanted a plugin of ABI major " + std::to_string(GROK1_BACKEND_ABI_MAJOR));
  return *found;
}

std::vector<std::string> device_names(const grok1_backend_descriptor& plugin) {
  grok1_backend* backend = nullptr;
  const grok1_backend_ops* ops = nullptr;
  call("open", plugin.open, &kHost, &backend, &ops);
  uint32_t count = 0;
  call("device_count", ops->device_count, backend, &count);
  std::vector<std::string> names;
  for (uint32_t i = 0; i < count; ++i) {
    grok1_backend_device info = GROK1_INIT(grok1_backend_device);
    call("device_info", ops->device_info, backend, i, &info);
    names.emplace_back(info.name);
  }
  ops->close(backend);
  return names;
}

Device::Device(const grok1_backend_descriptor& plugin, uint32_t index) {
  call("open", plugin.open, &kHost, &backend_, &ops_);
  call("device_open", ops_->device_open, backend_, index, "", &device_);
  call("queue_create", ops_->queue_create, device_, &queue_);
}

Device::~Device() {
  ops_->queue_destroy(queue_);
  ops_->device_close(device_);
  ops_->close(backend_);
}

Handle<grok1_buffer> Device::buffer(uint64_t size, uint32_t memory) const {
  grok1_buffer* made = nullptr;
  call("buffer_alloc", ops_->buffer_alloc, device_, size, memory, &made);
  return own(made, ops_->buffer_free);
}

void* Device::map(grok1_buffer* buffer) const {
  void* address = nullptr;
  call("buffer_map", ops_->buffer_map, buffer, &address);
  return address;
}

}  // namespace slice

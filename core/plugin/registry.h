// The backends of a runtime: finds candidates in the search order, checks them, negotiates, and keeps a report of every
// one of them, loaded or not. Knows no backend by name. Files are found in search_path.cpp, judged without running them
// in safety.cpp, elf_note.cpp and negotiate.cpp, loaded in library.cpp (sole user of Boost.DLL) and started in
// open_backend.cpp. Device strings are read in device_list.cpp.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "grok1.h"
#include "grok1_backend.h"

namespace grok1 {

// A backend that was opened. Its plugin is never unloaded.
struct Backend {
  std::string id;
  uint32_t flags = 0;  // GROK1_BACKEND_*
  grok1_backend* handle = nullptr;
  const grok1_backend_ops* ops = nullptr;  // the plugin's table, or a NULL-padded copy if the plugin is older
  uint32_t n_devices = 0;
};

struct LoadEntry {
  std::string backend, path, reason, version;
  int32_t state = 0;  // GROK1_LOAD_*
  uint32_t n_devices = 0;
};
const char* load_state_name(int32_t state);  // "LOADED" ...

// One device of a backend, as device strings name it.
struct DeviceRef {
  const Backend* backend = nullptr;
  uint32_t index = 0;
  std::string name;  // "cpu", or "cuda:0" where the backend has several
};

class Registry {
 public:
  // Loads all candidates. `options` may be NULL; its strings are copied. Never throws for a bad plugin.
  Registry(const grok1_runtime_options* options, Log& log);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Snapshots may grow while the registry lives (resolve can load a path), never shrink; references stay valid.
  size_t n_entries() const;
  const LoadEntry* entry(size_t index) const;   // nullptr past the end
  const DeviceRef* device(size_t index) const;  // nullptr past the end

  // The devices of a comma-separated list: "id", "id:index", or a plugin's path (it contains '/'), which is loaded if
  // it is not yet. Throws GROK1_E_NO_BACKEND, with the load report's reason where there is one, and
  // GROK1_E_INVALID_ARGUMENT.
  std::vector<DeviceRef> resolve(std::string_view devices);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace grok1

#include "core/plugin/registry.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "core/base/failure.h"
#include "core/plugin/elf_note.h"
#include "core/plugin/library.h"
#include "core/plugin/negotiate.h"
#include "core/plugin/refusal.h"
#include "core/plugin/registry_state.h"
#include "core/plugin/safety.h"
#include "core/plugin/search_path.h"

namespace grok1 {
namespace {

namespace fs = std::filesystem;

void GROK1_CALL log_of_backend(void* context, int32_t level, const char* message, size_t size) {
  if (message == nullptr) return;
  try {
    static_cast<Log*>(context)->write(level, {message, size});
  } catch (...) {  // a message is lost for want of memory; the backend must not see an exception
  }
}

std::vector<std::string> split_ids(const char* list) {
  std::vector<std::string> ids;
  for (std::string_view rest = list == nullptr ? "" : list; !rest.empty();) {
    const std::string_view id = rest.substr(0, rest.find(','));
    if (!id.empty()) ids.emplace_back(id);
    rest.remove_prefix(std::min(rest.size(), id.size() + 1));
  }
  return ids;
}

// Without symbolic links, so that what was checked is what is opened.
std::string real_file(const std::string& path) {
  std::error_code error;
  const fs::path file = fs::canonical(path, error);
  if (error) refuse(GROK1_LOAD_NOT_A_PLUGIN, "the file cannot be found: {}; check its name", error.message());
  return file.string();
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

}  // namespace

const char* load_state_name(int32_t state) {
  switch (state) {
    case GROK1_LOAD_LOADED: return "LOADED";
    case GROK1_LOAD_NO_DEVICE: return "NO_DEVICE";
    case GROK1_LOAD_DRIVER_TOO_OLD: return "DRIVER_TOO_OLD";
    case GROK1_LOAD_MISSING_DEPENDENCY: return "MISSING_DEPENDENCY";
    case GROK1_LOAD_NOT_A_PLUGIN: return "NOT_A_PLUGIN";
    case GROK1_LOAD_WRONG_ARCH: return "WRONG_ARCH";
    case GROK1_LOAD_CPU_BASELINE: return "CPU_BASELINE";
    case GROK1_LOAD_ABI_MAJOR: return "ABI_MAJOR";
    case GROK1_LOAD_MISSING_FUNCTION: return "MISSING_FUNCTION";
    case GROK1_LOAD_OPEN_FAILED: return "OPEN_FAILED";
    case GROK1_LOAD_UNSAFE_PATH: return "UNSAFE_PATH";
    case GROK1_LOAD_VERIFY_DENIED: return "VERIFY_DENIED";
    case GROK1_LOAD_DISABLED: return "DISABLED";
    case GROK1_LOAD_SHADOWED: return "SHADOWED";
    default: return "unknown state";
  }
}

Registry::State::State(const grok1_runtime_options* options, Log& runtime_log)
    : log(runtime_log),
      host{sizeof(grok1_backend_host), GROK1_BACKEND_ABI_MAJOR, GROK1_BACKEND_ABI_MINOR, &runtime_log, log_of_backend},
      disabled(split_ids(options->disabled)),
      verify(options->verify),
      verify_user(options->verify_user) {}

void Registry::State::load_all(const grok1_runtime_options* options) {
  if (options->n_backends != 0 && options->backends == nullptr) fail(GROK1_E_INVALID_ARGUMENT, "`backends` is NULL");
  if (options->n_backend_paths != 0 && options->backend_paths == nullptr) {
    fail(GROK1_E_INVALID_ARGUMENT, "`backend_paths` is NULL");
  }
  for (size_t i = 0; i < options->n_backends; ++i) {
    if (options->backends[i] == nullptr) fail(GROK1_E_INVALID_ARGUMENT, "`backends[{}]` is NULL", i);
    load_linked_in(*options->backends[i]);
  }
  for (size_t i = 0; i < options->n_backend_paths; ++i) {
    const char* path = options->backend_paths[i];
    if (path == nullptr || *path == '\0') fail(GROK1_E_INVALID_ARGUMENT, "`backend_paths[{}]` is NULL or empty", i);
    if (find_file(candidate_identity(path)) == nullptr) load_file(path, false);
  }
  if ((options->flags & GROK1_RUNTIME_NO_SEARCH) != 0) return;
  const std::string own = own_file();
  trusted = trusted_owners(own);
  directories = search_directories(secure_getenv("GROK1_BACKEND_PATH"), own, compiled_in_directory(), log);
  for (const std::string& directory : directories) {
    for (const std::string& path : plugins_in(directory, log)) {
      if (find_file(candidate_identity(path)) == nullptr) load_file(path, true);
    }
  }
}

bool Registry::State::is_disabled(std::string_view id) const {
  return std::find(disabled.begin(), disabled.end(), id) != disabled.end();
}

const Registry::State::Record* Registry::State::find_file(const std::string& identity) const {
  std::lock_guard lock(mutex);
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    if (record->identity == identity) return &*record;
  }
  return nullptr;
}

const Backend* Registry::State::find_backend(std::string_view id) const {
  std::lock_guard lock(mutex);
  for (const Backend& backend : backends) {
    if (backend.id == id) return &backend;
  }
  return nullptr;
}

const Registry::State::Record& Registry::State::load_file(const std::string& path, bool searched) {
  Record record;
  std::error_code error;
  record.entry.path = fs::absolute(path, error).lexically_normal().string();
  record.entry.backend = id_from_file_name(record.entry.path);
  record.identity = candidate_identity(path);
  try {
    load_into(record, record.entry.path, searched);
  } catch (const Refusal& refusal) {
    record.entry.state = refusal.state();
    record.entry.reason = refusal.reason();
  }
  // Asked for again with the same result, by a caller who names a bad path each time, the report does not grow.
  const Record* before = find_file(record.identity);
  if (before != nullptr && before->backend == nullptr && before->entry.state == record.entry.state &&
      before->entry.reason == record.entry.reason) {
    return *before;
  }
  return enter(std::move(record));
}

// The order matters: nothing of a file runs before everything that can be known without running it is known.
void Registry::State::load_into(Record& record, const std::string& path, bool searched) {
  if (is_disabled(record.entry.backend)) {
    refuse(GROK1_LOAD_DISABLED, "'{}' is in the list of disabled backends; take it out to use it",
           record.entry.backend);
  }
  const std::string file = real_file(path);
  if (searched) require_safe(file, fs::path(path).parent_path().string(), trusted);
  const PluginFile plugin = read_plugin_file(file);
  require_compatible(plugin);
  if (verify != nullptr && verify(verify_user, file.c_str()) != 0) {
    refuse(GROK1_LOAD_VERIFY_DENIED,
           "the application refused this file; its verify callback decides which are allowed");
  }
  const grok1_backend_descriptor& descriptor = *open_library(file, plugin.needed);
  require_descriptor(descriptor);
  start(record, descriptor);
}

void Registry::State::load_linked_in(const grok1_backend_descriptor& descriptor) {
  Record record;
  record.entry.path = "(linked in)";
  try {
    require_descriptor(descriptor);
    start(record, descriptor);
  } catch (const Refusal& refusal) {
    record.entry.state = refusal.state();
    record.entry.reason = refusal.reason();
  }
  enter(std::move(record));
}

void Registry::State::start(Record& record, const grok1_backend_descriptor& descriptor) {
  const std::string id = descriptor.id;
  record.entry.backend = id;
  record.entry.version = text_or_empty(descriptor.version);
  if (is_disabled(id)) {
    refuse(GROK1_LOAD_DISABLED, "'{}' is in the list of disabled backends; take it out to use it", id);
  }
  if (const Backend* earlier = find_backend(id)) {
    std::lock_guard lock(mutex);
    for (const Record& other : records) {
      if (other.backend == earlier) {
        refuse(GROK1_LOAD_SHADOWED,
               "'{}' is already there from {}; to use this one, give its path in the runtime's options, "
               "which come before the searched directories, or remove the other",
               id, other.entry.path);
      }
    }
  }
  auto opened = std::make_unique<OpenBackend>(descriptor, host);
  std::lock_guard lock(mutex);
  const uint32_t n_devices = opened->n_devices();
  open.push_back(std::move(opened));
  const Backend& backend =
      backends.emplace_back(Backend{id, descriptor.flags, open.back()->handle(), open.back()->ops(), n_devices});
  record.backend = &backend;
  record.entry.n_devices = n_devices;
  for (uint32_t index = 0; index < n_devices; ++index) {
    devices.push_back({&backend, index, n_devices == 1 ? id : fmt::format("{}:{}", id, index)});
  }
}

const Registry::State::Record& Registry::State::enter(Record record) {
  const LoadEntry& entry = record.entry;
  switch (entry.state) {
    case GROK1_LOAD_LOADED:
      log.info("{}: loaded backend {}, devices: {}", entry.path, entry.backend, entry.n_devices);
      break;
    case GROK1_LOAD_NO_DEVICE:
    case GROK1_LOAD_DISABLED:
    case GROK1_LOAD_SHADOWED: log.info("{}: {}: {}", entry.path, load_state_name(entry.state), entry.reason); break;
    default: log.warn("{}: {}: {}", entry.path, load_state_name(entry.state), entry.reason);
  }
  std::lock_guard lock(mutex);
  return records.emplace_back(std::move(record));
}

Registry::Registry(const grok1_runtime_options* options, Log& log) {
  const grok1_runtime_options defaults = GROK1_INIT(grok1_runtime_options);
  if (options == nullptr) options = &defaults;
  state_ = std::make_unique<State>(options, log);
  state_->load_all(options);
}

Registry::~Registry() = default;

size_t Registry::n_entries() const {
  std::lock_guard lock(state_->mutex);
  return state_->records.size();
}

const LoadEntry* Registry::entry(size_t index) const {
  std::lock_guard lock(state_->mutex);
  return index < state_->records.size() ? &state_->records[index].entry : nullptr;
}

const DeviceRef* Registry::device(size_t index) const {
  std::lock_guard lock(state_->mutex);
  return index < state_->devices.size() ? &state_->devices[index] : nullptr;
}

}  // namespace grok1

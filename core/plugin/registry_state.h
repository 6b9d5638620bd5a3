// What a Registry holds: the load report and the backends behind it. Loading is in registry.cpp; what device strings
// mean is in device_list.cpp.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/plugin/open_backend.h"
#include "core/plugin/registry.h"

namespace grok1 {

struct Registry::State {
  struct Record {
    LoadEntry entry;
    std::string identity;              // of the file, see candidate_identity(); "" for a linked-in backend
    const Backend* backend = nullptr;  // if it was loaded
  };

  State(const grok1_runtime_options* options, Log& runtime_log);
  void load_all(const grok1_runtime_options* options);

  // Loads a file and reports it; `searched` ones must be safe. One thread at a time.
  const Record& load_file(const std::string& path, bool searched);
  void load_linked_in(const grok1_backend_descriptor& descriptor);

  // The devices of one item of a device list.
  DeviceRef resolve_name(std::string_view item) const;
  DeviceRef resolve_path(const std::string& item);

  const Record* find_file(const std::string& identity) const;  // the last record of that file
  const Backend* find_backend(std::string_view id) const;
  DeviceRef device_of(const Backend& backend, uint32_t index) const;
  std::string why_not(std::string_view id) const;  // no backend of that id is loaded

  Log& log;
  grok1_backend_host host;
  std::vector<std::string> disabled;  // ids
  grok1_verify_fn verify;
  void* verify_user;
  std::vector<uid_t> trusted;            // owners of files that searching may find
  std::vector<std::string> directories;  // that were searched

  // Loading calls the application (verify) and plugins, which may take long and may read the report meanwhile: one lock
  // lets one thread load, another guards the lists below and is never held across such a call.
  std::mutex loading;
  std::atomic<std::thread::id> loading_thread{};

  mutable std::mutex mutex;
  std::deque<Record> records;
  std::deque<Backend> backends;
  std::deque<std::unique_ptr<OpenBackend>> open;  // [backends]
  std::deque<DeviceRef> devices;

 private:
  void load_into(Record& record, const std::string& path, bool searched);
  void start(Record& record, const grok1_backend_descriptor& descriptor);
  const Record& enter(Record record);
  bool is_disabled(std::string_view id) const;
};

}  // namespace grok1

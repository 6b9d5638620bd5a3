// What the tests of core/plugin share: the zoo, places of their own to put files, and a registry with its log.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/plugin/registry.h"

namespace grok1::plugin_test {

inline const std::string kZoo = GROK1_BUILD_DIR "/tests/zoo";
inline std::string zoo_path(const std::string& id) {
  return kZoo + "/libgrok1_" + id + ".so";
}

// Whether code of that animal has run since it was forgotten. A file that is loaded stays loaded and runs only once, so
// who forgets uses a copy of his own.
inline bool has_run(const std::string& id) {
  return getenv(("GROK1_ZOO_RAN_" + id).c_str()) != nullptr;
}

inline void forget(const std::string& id) {
  unsetenv(("GROK1_ZOO_RAN_" + id).c_str());
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::canonical(std::filesystem::temp_directory_path()).string() + "/grok1-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed in " + name);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

  std::string directory(const std::string& name) const {
    const std::string path = path_ + "/" + name;
    std::filesystem::create_directory(path);
    chmod(path.c_str(), 0755);
    return path;
  }
  // A file of the given bytes; safe to load as far as its permissions go.
  std::string file(const std::string& name, const std::string& bytes) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    chmod(path.c_str(), 0644);
    return path;
  }

 private:
  std::string path_;
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_FALSE(bytes.empty()) << path << " is not there: build the target zoo";
  return bytes;
}

// A registry as an application would make it, on the searched directory `search` ("" for none).
class Runtime {
 public:
  explicit Runtime(grok1_runtime_options options = GROK1_INIT(grok1_runtime_options), const std::string& search = "")
      : log(collect, &messages, GROK1_LOG_DEBUG), registry(make_options(options, search), log) {}

  const LoadEntry& at(const std::string& path) const {
    static const LoadEntry none{"", "", "there is no such entry", "", -1, 0};
    for (size_t i = 0; const LoadEntry* entry = registry.entry(i); ++i) {
      if (entry->path == path) return *entry;
    }
    return none;
  }
  void expect(const std::string& path, int32_t state, const std::string& reason) const {
    const LoadEntry& entry = at(path);
    EXPECT_STREQ(load_state_name(entry.state), load_state_name(state)) << path << ": " << entry.reason;
    if (state == GROK1_LOAD_LOADED) {
      EXPECT_EQ(entry.reason, "");
    } else {
      EXPECT_NE(entry.reason.find(reason), std::string::npos)
          << "'" << reason << "' is not in '" << entry.reason << "'";
    }
  }

 private:
  static void GROK1_CALL collect(void* user, int32_t, const char* message, size_t size) {
    static_cast<std::vector<std::string>*>(user)->emplace_back(message, size);
  }
  const grok1_runtime_options* make_options(const grok1_runtime_options& options, const std::string& search) {
    options_ = options;
    if (search.empty()) {
      unsetenv("GROK1_BACKEND_PATH");
    } else {
      setenv("GROK1_BACKEND_PATH", search.c_str(), 1);
    }
    return &options_;
  }
  grok1_runtime_options options_{};

 public:
  std::vector<std::string> messages;
  Log log;
  Registry registry;
};

}  // namespace grok1::plugin_test

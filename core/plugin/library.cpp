#include "core/plugin/library.h"

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <string_view>

#include "core/plugin/refusal.h"

namespace grok1 {
namespace {

constexpr const char* kEntry = "grok1_backend_entry";

// A union runs no destructor, so the library is never unloaded: drivers leave threads, exit handlers and thread-local
// destructors behind that would return into unmapped code. Opening it again gives the same library.
union KeptOpen {
  explicit KeptOpen(const std::string& path)
      : library(path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local) {}
  ~KeptOpen() {}
  boost::dll::shared_library library;
};

// dlerror's text, which Boost.DLL 1.74 wraps: "... (dlerror system message: TEXT): reason of its own".
std::string loader_message(std::string_view what) {
  constexpr std::string_view kBefore = "dlerror system message: ";
  const size_t begin = what.find(kBefore), end = what.rfind(')');
  if (begin == std::string_view::npos || end == std::string_view::npos) return std::string(what);
  return std::string(what.substr(begin + kBefore.size(), end - begin - kBefore.size()));
}

// The loader's messages are "OBJECT: TEXT", where TEXT depends on the locale and OBJECT does not: the plugin's own
// path, or the library that was missing or did not suit.
[[noreturn]] void refuse_library(const std::string& path, const std::string& message,
                                 const std::vector<std::string>& needed) {
  const std::string object = message.substr(0, message.find(": "));
  if (object == message || object == path) {
    refuse(GROK1_LOAD_OPEN_FAILED, "the dynamic loader refused it: {}; rebuild it for this system", message);
  }
  if (std::find(needed.begin(), needed.end(), object) != needed.end()) {
    refuse(GROK1_LOAD_MISSING_DEPENDENCY,
           "it needs {}, which the dynamic loader did not find ({}); install it, or add "
           "its directory to the loader's path",
           object, message);
  }
  refuse(GROK1_LOAD_MISSING_DEPENDENCY,
         "a library that it needs is missing or of another version ({}); install the one "
         "that the plugin was built with",
         message);
}

}  // namespace

const grok1_backend_descriptor* open_library(const std::string& path, const std::vector<std::string>& needed) {
  try {
    const KeptOpen kept(path);
    if (!kept.library.has(kEntry)) {
      refuse(GROK1_LOAD_NOT_A_PLUGIN,
             "it does not export {}; build it with GROK1_BACKEND_ENTRY of grok1_backend.h, and "
             "keep that symbol visible",
             kEntry);
    }
    return &kept.library.get<const grok1_backend_descriptor>(kEntry);
  } catch (const boost::dll::fs::system_error& error) {
    refuse_library(path, loader_message(error.what()), needed);
  }
}

}  // namespace grok1

#include "core/plugin/search_path.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace grok1 {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "libgrok1_";
constexpr std::string_view kSuffix = ".so";

bool is_plugin_name(std::string_view name) {
  return name.size() > kPrefix.size() + kSuffix.size() && name.starts_with(kPrefix) && name.ends_with(kSuffix);
}

std::string canonical_or_empty(const fs::path& path) {
  std::error_code error;
  const fs::path found = fs::canonical(path, error);
  return error ? std::string() : found.string();
}

// A relative name was relative to the directory that was current when the object was loaded; the current one may be
// another by now. It is taken only if the file found there is the very object that is loaded.
bool is_loaded_object(const std::string& file, const link_map* object) {
  void* handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return false;
  link_map* found = nullptr;
  const bool same = dlinfo(handle, RTLD_DI_LINKMAP, &found) == 0 && found == object;
  dlclose(handle);  // takes back the reference that the dlopen above added
  return same;
}

void add_directory(std::vector<std::string>& directories, const fs::path& directory) {
  const std::string found = canonical_or_empty(directory);
  std::error_code error;
  if (found.empty() || !fs::is_directory(found, error)) return;
  if (std::find(directories.begin(), directories.end(), found) == directories.end()) directories.push_back(found);
}

void add_environment(std::vector<std::string>& directories, std::string_view value, Log& log) {
  while (!value.empty()) {
    const std::string_view item = value.substr(0, value.find(':'));
    value.remove_prefix(std::min(value.size(), item.size() + 1));
    if (item.empty()) continue;
    std::error_code error;
    if (!item.starts_with('/')) {
      log.warn("GROK1_BACKEND_PATH: '{}' is ignored: directories must be absolute", item);
    } else if (!fs::is_directory(item, error)) {
      log.warn("GROK1_BACKEND_PATH: '{}' is not a directory", item);
    } else {
      add_directory(directories, item);
    }
  }
}

}  // namespace

std::string own_file() {
  Dl_info info{};
  link_map* object = nullptr;
  const auto* inside = reinterpret_cast<const void*>(&own_file);
  if (dladdr1(inside, &info, reinterpret_cast<void**>(&object), RTLD_DL_LINKMAP) == 0 || object == nullptr) return {};
  if (object->l_name == nullptr || *object->l_name == '\0') return canonical_or_empty("/proc/self/exe");  // the program
  const std::string file = canonical_or_empty(info.dli_fname);
  return *info.dli_fname == '/' || is_loaded_object(file, object) ? file : std::string();
}

std::string compiled_in_directory() {
  return GROK1_BACKEND_DIR;
}

std::vector<std::string> search_directories(const char* environment, const std::string& own_file,
                                            const std::string& compiled_in, Log& log) {
  std::vector<std::string> directories;
  if (environment != nullptr) add_environment(directories, environment, log);
  if (own_file.empty()) {
    log.warn(
        "the file of this library could not be found, so grok1/ beside it is not searched; set GROK1_BACKEND_PATH");
  } else {
    add_directory(directories, fs::path(own_file).parent_path() / "grok1");
  }
  add_directory(directories, compiled_in);
  return directories;
}

std::vector<std::string> plugins_in(const std::string& directory, Log& log) {
  std::vector<std::string> found;
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (is_plugin_name(entry->path().filename().string())) found.push_back(entry->path().string());
  }
  if (error) log.warn("{}: cannot be searched for backends: {}", directory, error.message());
  std::sort(found.begin(), found.end());
  return found;
}

std::string id_from_file_name(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  if (is_plugin_name(name)) name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  return std::string(name);
}

std::string candidate_identity(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  const std::string directory = canonical_or_empty(absolute.parent_path());
  return directory.empty() ? absolute.string() : (fs::path(directory) / absolute.filename()).string();
}

}  // namespace grok1

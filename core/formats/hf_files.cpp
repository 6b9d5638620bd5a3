#include "core/formats/hf_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include "core/base/failure.h"
#include "core/formats/faults.h"

namespace grok1 {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";

// Hidden files are none: file managers leave them beside those that they copy.
bool is_safetensors(const fs::path& path) {
  return path.extension() == kExtension && !path.filename().string().starts_with('.');
}

// What stands behind "-TP-": a rank of three digits, "common", or nothing.
std::string_view shard_of(std::string_view file_name) {
  if (!file_name.ends_with(kExtension)) return {};
  file_name.remove_suffix(kExtension.size());
  const size_t at = file_name.rfind("-TP-");
  if (at == std::string_view::npos) return {};
  const std::string_view shard = file_name.substr(at + 4);
  const bool digits = shard.size() == 3 && shard.find_first_not_of("0123456789") == std::string_view::npos;
  return digits || shard == "common" ? shard : std::string_view();
}

std::vector<fs::path> safetensors_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (is_safetensors(entry->path())) paths.push_back(entry->path());
  }
  if (error) fail_in_system(GROK1_E_IO, error.value(), folder.string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

void require_all_ranks(HfFiles& found) {
  std::vector<bool> has;
  for (const HfFile& file : found.files) {
    if (!file.rank) continue;
    if (has.size() <= *file.rank) has.resize(*file.rank + 1);
    has[*file.rank] = true;
  }
  const auto missing = std::find(has.begin(), has.end(), false);
  found.ranks = static_cast<uint32_t>(has.size());
  if (missing != has.end() || has.empty()) {
    throw Failure(GROK1_E_NOT_FOUND,
                  fmt::format("{}: a file *-TP-{:03}.safetensors is missing; fetch the shards of all ranks",
                              found.folder, missing - has.begin()),
                  GROK1_SOURCE_SYSTEM, ENOENT);
  }
}

}  // namespace

bool is_hf_checkpoint(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return is_safetensors(path) && fs::exists(path, error);
  if (fs::exists(fs::path(path) / kIndex, error)) return true;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (is_safetensors(entry->path())) return true;
  }
  return false;
}

HfFiles find_hf_files(const std::string& path, const Faults* faults) {
  HfFiles found;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (!shard_of(fs::path(path).filename().string()).empty()) {
      fail(GROK1_E_UNSUPPORTED, "{}: the folder with the shards of all ranks wanted, found one shard", path);
    }
    found.folder = fs::absolute(path).parent_path().string();
    found.files.push_back({path, std::nullopt});
    return found;
  }
  found.folder = path;
  const std::vector<fs::path> paths = safetensors_in(path);
  const bool sharded = !paths.empty() && std::all_of(paths.begin(), paths.end(), [](const fs::path& file) {
    return !shard_of(file.filename().string()).empty();
  });
  // An index names one file for each tensor, so it cannot describe shards.
  if (!sharded && fs::exists(fs::path(path) / kIndex, error)) {
    found.index = (fs::path(path) / kIndex).string();
    return found;
  }
  for (const fs::path& file : paths) {
    const std::string name = file.filename().string();
    const std::string_view shard = shard_of(name);
    found.files.push_back({file.string(), std::nullopt});
    if (sharded && shard != "common") found.files.back().rank = static_cast<uint32_t>(std::stoul(std::string(shard)));
  }
  if (sharded) {
    found.complete = tolerate(faults, FileFault::kMissing, {found.folder, ""}, [&] { require_all_ranks(found); });
  }
  return found;
}

}  // namespace grok1

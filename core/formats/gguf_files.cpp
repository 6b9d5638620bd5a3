#include "core/formats/gguf_files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "core/base/failure.h"
#include "core/formats/faults.h"

namespace grok1 {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kMostFiles = 9999;
constexpr std::string_view kEnd = ".gguf";

// A name that says: this is file `index` of `count`.
struct Series {
  std::string front;
  bool by_split;  // NAME-00001-of-00009.gguf; otherwise NAME.gguf.part1of3
  uint32_t index, count;

  std::string name(uint32_t i) const {
    if (by_split) return fmt::format("{}-{:05}-of-{:05}{}", front, i, count, kEnd);
    return fmt::format("{}.part{}of{}", front, i, count);
  }
};

// Takes digits off the end.
std::optional<uint32_t> take_number(std::string_view& text) {
  size_t begin = text.size();
  while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
  const std::string_view digits = text.substr(begin);
  uint32_t number = 0;
  if (digits.empty() || std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc()) {
    return std::nullopt;
  }
  text.remove_suffix(digits.size());
  return number;
}

bool take(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

// Only what name() gives back: so the number of digits is right, too.
std::optional<Series> read_series(const std::string& name) {
  std::string_view rest = name;
  const bool by_split = take(rest, kEnd);
  const auto count = take_number(rest);
  if (!count || !take(rest, by_split ? "-of-" : "of")) return std::nullopt;
  const auto index = take_number(rest);
  if (!index || !take(rest, by_split ? "-" : ".part")) return std::nullopt;
  if (!by_split && !rest.ends_with(kEnd)) return std::nullopt;
  const Series series{std::string(rest), by_split, *index, *count};
  const bool right = *index >= 1 && *index <= *count && *count <= kMostFiles && series.name(*index) == name;
  return right ? std::optional(series) : std::nullopt;
}

bool begins_with_magic(const fs::path& path) {
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "GGUF";
}

bool is_gguf_name(const std::string& name) {
  return name.ends_with(kEnd) || read_series(name).has_value();
}

// Of each model in a folder the file that is or would be its first; sorted.
std::set<std::string> models_in(const fs::path& folder) {
  std::set<std::string> first;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!is_gguf_name(name)) continue;
    const auto series = read_series(name);
    first.insert(series ? series->name(1) : name);
  }
  if (error) fail_in_system(GROK1_E_IO, error.value(), folder.string() + ": cannot list");
  return first;
}

[[noreturn]] void fail_missing(const std::string& message) {
  throw Failure(GROK1_E_NOT_FOUND, message, GROK1_SOURCE_SYSTEM, ENOENT);
}

fs::path one_model_in(const fs::path& folder) {
  const std::set<std::string> models = models_in(folder);
  if (models.empty()) fail_missing(folder.string() + ": a GGUF model wanted in here, found none");
  if (models.size() > 1) {
    fail(GROK1_E_UNSUPPORTED, "{}: one GGUF model wanted in here, found {}; name one of them, for example {} or {}",
         folder.string(), models.size(), *models.begin(), *std::next(models.begin()));
  }
  return folder / *models.begin();
}

// "" in place of one that is missing.
std::vector<std::string> paths_of(const fs::path& folder, const Series& series, const Faults* faults) {
  std::vector<std::string> paths;
  for (uint32_t i = 1; i <= series.count; ++i) {
    paths.push_back((folder / series.name(i)).string());
    std::error_code error;
    if (fs::exists(paths.back(), error)) continue;
    tolerate(faults, FileFault::kMissing, {paths.back(), ""}, [&] {
      fail_missing(fmt::format("{}: this file is missing, {} of the {} that {} belongs to; fetch all of them",
                               paths.back(), i, series.count, series.name(series.index)));
    });
    paths.back().clear();
  }
  return paths;
}

}  // namespace

bool is_gguf_path(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return !models_in(path).empty();
  if (is_gguf_name(fs::path(path).filename().string())) return true;
  return fs::is_regular_file(path, error) && begins_with_magic(path);
}

GgufFiles find_gguf_files(const std::string& path, const Faults* faults) {
  std::error_code error;
  const fs::path file = fs::is_directory(path, error) ? one_model_in(path) : fs::path(path);
  const auto series = read_series(file.filename().string());
  if (!series) return {{{file.string()}}, false};
  const std::vector<std::string> paths = paths_of(file.parent_path(), *series, faults);
  const bool all_there = std::find(paths.begin(), paths.end(), "") == paths.end();
  if (!series->by_split) return {{all_there ? paths : std::vector<std::string>()}, false};
  GgufFiles files{{}, true};
  for (const std::string& shard : paths)
    files.shards.push_back(shard.empty() ? std::vector<std::string>() : std::vector{shard});
  return files;
}

}  // namespace grok1

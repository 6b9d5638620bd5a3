#include "tests/lint/arrows.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <map>
#include <regex>

namespace lint {
namespace {

namespace fs = std::filesystem;

// A room of the tree and what it may see besides itself. The deepest room that a path lies in counts.
struct Room {
  std::string_view folder;
  std::vector<std::string_view> sees;
};

constexpr std::string_view kApi = "grok1.h", kBackendApi = "grok1_backend.h";
constexpr std::string_view kVendor = "vendor";  // the folder that the include path chooses for the GPU's sources

const std::vector<Room>& rooms() {
  static const std::vector<Room> all = {
      {"core/base", {"encodings", kApi, kBackendApi}},
      {"core/sampling", {"core/base", kApi}},
      {"core/tokenizer", {"core/base", kApi}},
      {"core/formats", {"core/base", "encodings", kApi, kBackendApi}},
      {"core/convert", {"core/base", "core/formats", "encodings", kApi}},
      {"core/plugin", {"core/base", kApi, kBackendApi}},
      {"core/model", {"core/base", "core/formats", "core/plugin", kApi, kBackendApi}},
      {"core/runtime",
       {"core/base", "core/sampling", "core/tokenizer", "core/model", "core/formats", "core/plugin", kApi,
        kBackendApi}},
      {"core/api", {"core", kApi, kBackendApi}},
      {"backends/contract", {"encodings", kBackendApi}},
      {"backends/reference", {"backends/contract", "encodings", kBackendApi}},
      {"backends/cpu", {"backends/contract", "encodings", kBackendApi}},
      {"backends/gpu", {"backends/contract", "encodings", kVendor, kBackendApi}},
      {"backends/cuda", {"backends/gpu/runtime_calls.h", kVendor}},
      {"backends/rocm", {"backends/gpu/runtime_calls.h", kVendor}},
      {"samples", {kApi, kBackendApi}},
      {"bindings", {kApi, kBackendApi}},
      {"encodings", {}},
  };
  return all;
}

// Libraries that only one room may know, by the prefix of what is included.
struct Library {
  std::string_view prefix;
  std::vector<std::string_view> rooms;
};

const std::vector<Library>& libraries() {
  static const std::vector<Library> all = {
      {"boost/dll", {"core/plugin"}},
      {"spdlog/", {"core/base"}},
      {"fmt/", {"core"}},
      {"CLI/", {"samples"}},
      {"nlohmann/", {"samples", "tests", "core/formats"}},
      {"gtest/", {"tests"}},
      {"benchmark/", {"tests/bench"}},
      {"boost/context", {"tests/gpu_emu"}},
      {"cuda", {"backends/cuda", "tests/gpu_build", "tests/hip_on_nvcc"}},
      {"hip/", {"backends/rocm", "tests/gpu_build"}},
      {"sentencepiece", {"tests"}},
  };
  return all;
}

const std::map<std::string_view, std::vector<std::string_view>>& headers() {
  static const std::map<std::string_view, std::vector<std::string_view>> all = {
      {"include/grok1.h", {"stddef.h", "stdint.h"}}, {"include/grok1_backend.h", {kApi}}};
  return all;
}

bool is_in(std::string_view path, std::string_view folder) {
  return path == folder || (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

bool is_in_any(std::string_view path, const std::vector<std::string_view>& folders) {
  return std::any_of(folders.begin(), folders.end(), [path](std::string_view folder) { return is_in(path, folder); });
}

// Whether an included name means a file of this tree.
bool is_ours(std::string_view name) {
  return name == kApi || name == kBackendApi ||
         is_in_any(name, {kVendor, "core", "backends", "include", "encodings", "samples", "bindings", "tests", "docs",
                          "cmake"});
}

bool is_source(const fs::path& path) {
  static const std::vector<std::string> kinds = {".c", ".cc", ".cpp", ".h", ".hpp", ".inc", ".cu", ".cuh", ".hip"};
  return std::find(kinds.begin(), kinds.end(), path.extension().string()) != kinds.end();
}

std::string fault_of_library(std::string_view path, std::string_view name) {
  for (const Library& library : libraries()) {
    if (name.starts_with(library.prefix) && !is_in_any(path, library.rooms)) {
      return std::string(name) + " belongs to " + std::string(library.rooms.front()) + " alone";
    }
  }
  return {};
}

}  // namespace

std::string fault_of_include(std::string_view path, std::string_view name, bool beside) {
  if (const auto header = headers().find(path); header != headers().end()) {
    const auto& allowed = header->second;
    if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) return {};
    return "a public header must not include " + std::string(name);
  }
  if (name.find("..") != name.npos) return "paths go down from the tree's root, found " + std::string(name);
  if (std::string fault = fault_of_library(path, name); !fault.empty()) return fault;
  if (beside || !is_ours(name)) return {};
  for (const Room& room : rooms()) {
    if (!is_in(path, room.folder)) continue;
    if (is_in(name, room.folder) || is_in_any(name, room.sees)) return {};
    return std::string(room.folder) + " must not include " + std::string(name);
  }
  if (is_in(path, "tests")) return {};
  return "a file outside of every room of the architecture includes " + std::string(name);
}

std::vector<std::string> files_of_tree(const fs::path& tree) {
  std::vector<std::string> files;
  for (auto it = fs::recursive_directory_iterator(tree); it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    const bool top = it.depth() == 0;
    if (top && (name == ".git" || name == "build" || name.starts_with("build-"))) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file()) {
      files.push_back(fs::relative(it->path(), tree).generic_string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> faults_of_tree(const fs::path& tree) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<std::string> faults;
  for (const std::string& path : files_of_tree(tree)) {
    if (!is_source(path)) continue;
    std::ifstream in(tree / path);
    std::string line;
    for (size_t number = 1; std::getline(in, line); ++number) {
      std::smatch match;
      if (!std::regex_search(line, match, kInclude)) continue;
      const std::string name = match[1];
      const bool beside = fs::exists((tree / path).parent_path() / name);
      const std::string fault = fault_of_include(path, name, beside);
      if (!fault.empty()) faults.push_back(path + ":" + std::to_string(number) + ": " + fault);
    }
  }
  return faults;
}

}  // namespace lint

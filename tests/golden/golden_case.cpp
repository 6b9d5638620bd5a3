#include "tests/golden/golden_case.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

namespace golden {
namespace {

// A file of little-endian numbers whose count case.json states.
template <class T>
std::vector<T> read_numbers(const std::filesystem::path& folder, const std::string& file, const nlohmann::json& info) {
  const auto shape = info.at("shapes").at(file).get<std::vector<size_t>>();
  std::vector<T> values(std::accumulate(shape.begin(), shape.end(), size_t{1}, std::multiplies<>()));
  const auto bytes = static_cast<std::streamsize>(values.size() * sizeof(T));
  std::ifstream in(folder / file, std::ios::binary);
  in.read(reinterpret_cast<char*>(values.data()), bytes);
  if (in.gcount() != bytes || in.peek() != std::ifstream::traits_type::eof()) {
    throw std::runtime_error((folder / file).string() + ": " + std::to_string(bytes) + " bytes wanted");
  }
  return values;
}

}  // namespace

Case read_case(const std::string& folder) {
  std::ifstream in(folder + "/case.json");
  if (!in) throw std::runtime_error(folder + "/case.json cannot be read");
  const nlohmann::json info = nlohmann::json::parse(in);
  Case result;
  result.name = info.at("name");
  result.path = folder;
  result.tokens = info.at("tokens").get<std::vector<int32_t>>();
  result.prompt = info.at("prompt");
  result.bf16_rms = info.at("measured").at("bf16_vs_f64_rms");
  result.logit_std = info.at("measured").at("logit_std");
  result.logits = read_numbers<float>(folder, "xai_f64.f32", info);
  result.hidden = read_numbers<float>(folder, "xai_f64_hidden.f32", info);
  result.experts = read_numbers<int32_t>(folder, "xai_f64_experts.i32", info);
  result.gates = read_numbers<float>(folder, "xai_f64_gates.f32", info);
  return result;
}

std::vector<std::string> case_folders() {
  std::vector<std::string> folders;
  for (const char* name : {"tiny", "order", "gqa6", "sharp", "two-groups", "odd"}) {
    folders.push_back(std::string(GROK1_TEST_DATA) + "/" + name);
  }
  if (const char* extra = std::getenv("GROK1_GOLDEN_EXTRA"); extra != nullptr && *extra != '\0') {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(extra)) {
      if (std::filesystem::exists(entry.path() / "case.json")) found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    folders.insert(folders.end(), found.begin(), found.end());
  }
  return folders;
}

double rms(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

// NaN, never small, when the sizes differ.
double rms_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return std::nan("");
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

}  // namespace golden

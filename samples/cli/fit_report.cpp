// What grok1 fit prints, for people and for programs.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "files.h"
#include "fit.h"
#include "text.h"

namespace cli {
namespace {

const char* weights_text(const grok1_plan& plan) {
  return plan.weights == GROK1_WEIGHTS_READ ? "read" : "mapped";
}

void print_line(const std::string& what, uint64_t needs, uint64_t has, const char* verdict) {
  write_stdout(
      text("%-24s  %-10s  %-10s  %s\n", what.c_str(), memory_size(needs).c_str(), memory_size(has).c_str(), verdict));
}

const char* verdict_of(const grok1_plan_device& row) {
  switch (row.residency) {
    case GROK1_RESIDENCY_IN_MEMORY: return "fits";
    case GROK1_RESIDENCY_FROM_DISK: return "fits, experts from disk";
    default: return "does not fit";
  }
}

void print_device(const grok1_plan_device& row) {
  print_line(text("  %s", row.name), row.needed_in_memory, row.available,
             text("%s: weights %s, KV cache %s, scratch %s; %s", verdict_of(row), memory_size(row.weight_bytes).c_str(),
                  memory_size(row.kv_bytes).c_str(), memory_size(row.scratch_bytes).c_str(), row.part)
                 .c_str());
}

std::string speed_text(const Candidate& candidate) {
  const FitSpeed& speed = candidate.speed;
  const auto size = [](double bytes) { return file_size(static_cast<uint64_t>(bytes)); };
  if (speed.disk_rate > 0)
    return text("at most %.2g tokens/s, an estimate: %s of experts per token from a disk that gives %s/s now",
                speed.tokens_per_second, size(speed.disk_bytes).c_str(), size(speed.disk_rate).c_str());
  return text("about %.2g tokens/s, an estimate: %s per token at %.2f of the %s/s that memory gives now",
              speed.tokens_per_second, file_size(candidate.plan.bytes_per_token).c_str(), speed.fraction,
              size(speed.memory_rate).c_str());
}

std::string context_text(const grok1_plan& plan) {
  const std::string each = memory_size(plan.kv_bytes_per_token) + " of KV cache for a token of context; ";
  if (plan.max_context_tokens == 0) return each + "no context fits";
  return each + text("the longest context that fits: %u tokens", plan.max_context_tokens);
}

void print_candidate(const Candidate& candidate) {
  const grok1_plan& plan = candidate.plan;
  const std::string devices = plan.devices;
  print_line(devices + "  in memory", plan.needed_in_memory, plan.available,
             plan.residency == GROK1_RESIDENCY_IN_MEMORY ? "fits" : "does not fit");
  if (plan.needed_from_disk != 0)
    print_line(devices + "  from disk", plan.needed_from_disk, plan.available,
               plan.residency != GROK1_RESIDENCY_NONE ? "fits: experts are read from disk as the router asks"
                                                      : "does not fit");
  for (const grok1_plan_device& row : candidate.devices) print_device(row);
  write_stdout("  " + context_text(plan) + "\n");
  if (candidate.speed.tokens_per_second > 0) write_stdout("  " + speed_text(candidate) + "\n");
}

// Blocks of 32 but Q8_0 are for other programs' sake: those of 256 are as exact with fewer bits.
bool is_offered(const grok1_encoding_fit& fit) {
  const std::string_view name = fit.name;
  return name == "q8_0" || !(name.ends_with("_0") || name.ends_with("_1") || name.ends_with("_nl"));
}

// The largest that needs no more than this; NULL if there is none.
const grok1_encoding_fit* largest(const std::vector<grok1_encoding_fit>& encodings, uint64_t memory) {
  const auto found = std::find_if(encodings.begin(), encodings.end(), [&](const grok1_encoding_fit& fit) {
    return is_offered(fit) && fit.needed_in_memory <= memory;
  });
  return found != encodings.end() ? &*found : nullptr;
}

// Memory that machines have, with a sixteenth of it left to the system.
std::string elsewhere_text(const std::vector<grok1_encoding_fit>& encodings, uint64_t available) {
  std::string all;
  const grok1_encoding_fit* before = nullptr;
  for (const uint64_t gib : {32, 64, 96, 128, 192, 256, 384, 512, 768}) {
    const uint64_t memory = (gib << 30) / 16 * 15;
    const grok1_encoding_fit* fit = memory > available ? largest(encodings, memory) : nullptr;
    if (fit == nullptr || fit == before) continue;
    all += text("%s%llu GiB: %s (%s)", all.empty() ? "" : ", ", static_cast<unsigned long long>(gib), fit->name,
                file_size(fit->weight_bytes).c_str());
    before = fit;
  }
  return all;
}

void print_encodings(const Fit& fit) {
  const grok1_plan& plan = fit.candidates.front().plan;
  if (plan.residency == GROK1_RESIDENCY_IN_MEMORY) return;
  const grok1_encoding_fit* here = largest(fit.encodings, plan.available);
  write_stdout(text("\nIn the memory of %s would fit: ", plan.devices));
  if (here == nullptr) {
    write_stdout("nothing of this model");
  } else {
    for (const grok1_encoding_fit* at = here; at != fit.encodings.data() + fit.encodings.size(); ++at)
      if (is_offered(*at))
        write_stdout(text("%s%s (%s)", at == here ? "" : ", ", at->name, file_size(at->weight_bytes).c_str()));
  }
  write_stdout("\n");
  if (const std::string elsewhere = elsewhere_text(fit.encodings, plan.available); !elsewhere.empty())
    write_stdout("With more memory, the largest for each: " + elsewhere + "\n");
}

std::string output_name(const std::string& path, const char* encoding) {
  const std::filesystem::path whole = std::filesystem::path(path).lexically_normal();
  const std::filesystem::path last = whole.has_filename() ? whole : whole.parent_path();
  const std::string stem = last.extension() == ".gguf" || last.extension() == ".safetensors" ? last.stem().string()
                                                                                             : last.filename().string();
  return (stem.empty() || stem == "." || stem == ".." ? "grok-1" : stem) + "-" + encoding + ".gguf";
}

std::string run_text(const Fit& fit, const Candidate& candidate) {
  return text("grok1 run -m %s --device %s%s -p \"...\"", fit.path.c_str(), candidate.plan.devices,
              fit.run_arguments.c_str());
}

std::string next_text(const Fit& fit) {
  const Candidate* best = fit.best();
  const Candidate& first = fit.candidates.front();
  if (best != nullptr && best->plan.residency == GROK1_RESIDENCY_IN_MEMORY) return run_text(fit, *best);
  std::string next;
  if (const grok1_encoding_fit* here = largest(fit.encodings, first.plan.available))
    next = text("grok1 quantize -m %s --type %s -o %s    (%s of disk)", fit.path.c_str(), here->name,
                output_name(fit.path, here->name).c_str(), file_size(here->weight_bytes).c_str());
  if (best != nullptr) return (next.empty() ? "" : next + "\n or:  ") + run_text(fit, *best) + "    (slow)";
  if (first.plan.max_context_tokens != 0)
    return text("grok1 run -m %s --device %s%s -c %u -p \"...\"    (a shorter context)", fit.path.c_str(),
                first.plan.devices, fit.run_arguments.c_str(), first.plan.max_context_tokens);
  return next;
}

nlohmann::ordered_json plan_json(const Candidate& candidate) {
  static const char* const residency[] = {"none", "in_memory", "from_disk"};
  const grok1_plan& plan = candidate.plan;
  auto parts = nlohmann::json::array();
  for (const grok1_plan_device& row : candidate.devices)
    parts.push_back({{"device", row.name},
                     {"part", row.part},
                     {"residency", residency[std::min<uint32_t>(row.residency, GROK1_RESIDENCY_FROM_DISK)]},
                     {"weight_bytes", row.weight_bytes},
                     {"kv_bytes", row.kv_bytes},
                     {"scratch_bytes", row.scratch_bytes},
                     {"needed_in_memory", row.needed_in_memory},
                     {"needed_from_disk", row.needed_from_disk},
                     {"available", row.available}});
  nlohmann::ordered_json out = {{"devices", plan.devices},
                                {"fits", candidate.fits},
                                {"residency", residency[std::min<uint32_t>(plan.residency, GROK1_RESIDENCY_FROM_DISK)]},
                                {"weights", weights_text(plan)},
                                {"needed_in_memory", plan.needed_in_memory},
                                {"needed_from_disk", plan.needed_from_disk},
                                {"available", plan.available},
                                {"weight_bytes", plan.weight_bytes},
                                {"expert_bytes", plan.expert_bytes},
                                {"bytes_per_token", plan.bytes_per_token},
                                {"kv_bytes", plan.kv_bytes},
                                {"kv_bytes_per_token", plan.kv_bytes_per_token},
                                {"scratch_bytes", plan.scratch_bytes},
                                {"context_tokens", plan.context_tokens},
                                {"max_context_tokens", plan.max_context_tokens},
                                {"parts", parts}};
  if (candidate.speed.tokens_per_second > 0)
    out["estimate"] = {{"tokens_per_second", candidate.speed.tokens_per_second},
                       {"memory_bytes_per_second", candidate.speed.memory_rate},
                       {"fraction_of_memory", candidate.speed.fraction},
                       {"disk_bytes_per_second", candidate.speed.disk_rate},
                       {"disk_bytes_per_token", candidate.speed.disk_bytes}};
  return out;
}

}  // namespace

void print_fit(const Fit& fit) {
  const grok1_model_info& info = fit.info;
  const grok1_plan& plan = fit.candidates.front().plan;
  write_stdout(text("%s, %s, %u layers, %u experts (%u used), %s, %s in %u file%s, all present\n", info.name,
                    info.format, info.layers, info.experts, info.experts_used, info.encoding,
                    file_size(info.file_bytes).c_str(), info.n_files, info.n_files == 1 ? "" : "s"));
  write_stdout(text("weights %s (experts %s), %s; KV cache of %u tokens %s, scratch %s\n\n",
                    memory_size(plan.weight_bytes).c_str(), memory_size(plan.expert_bytes).c_str(), weights_text(plan),
                    plan.context_tokens, memory_size(plan.kv_bytes).c_str(), memory_size(plan.scratch_bytes).c_str()));
  write_stdout(text("%-24s  %-10s  %-10s  verdict\n", "", "needs", "has"));
  for (const Candidate& candidate : fit.candidates) print_candidate(candidate);
  print_encodings(fit);
  if (const std::string next = next_text(fit); !next.empty()) write_stdout("\nNext: " + next + "\n");
}

void print_fit_json(const Fit& fit) {
  nlohmann::ordered_json out = {
      {"name", fit.info.name},     {"encoding", fit.info.encoding},    {"file_bytes", fit.info.file_bytes},
      {"files", fit.info.n_files}, {"plans", nlohmann::json::array()}, {"encodings", nlohmann::json::array()},
      {"next", next_text(fit)}};
  for (const Candidate& candidate : fit.candidates) out["plans"].push_back(plan_json(candidate));
  for (const grok1_encoding_fit& encoding : fit.encodings)
    out["encodings"].push_back({{"name", encoding.name},
                                {"weight_bytes", encoding.weight_bytes},
                                {"bits_per_weight", encoding.bits_per_weight},
                                {"needed_in_memory", encoding.needed_in_memory},
                                {"fits", encoding.fits != 0}});
  write_stdout(out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace cli

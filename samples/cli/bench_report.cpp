// A row is made once, as JSON; CSV prints its values, the table a choice of them.
#include "bench_report.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "files.h"
#include "text.h"

namespace cli {
namespace {

using Row = nlohmann::ordered_json;
using Figure = std::function<double(const BenchSample&)>;  // 0: not known

std::vector<double> each(const BenchResult& result, const Figure& figure) {
  std::vector<double> values;
  for (const BenchSample& sample : result.samples) values.push_back(figure(sample));
  return values;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation(const std::vector<double>& values) {
  double squares = 0;
  const double middle = mean(values);
  for (const double value : values) squares += (value - middle) * (value - middle);
  return values.size() < 2 ? 0 : std::sqrt(squares / static_cast<double>(values.size() - 1));
}

// The median over the repetitions; null where it is not known.
Row figure(const BenchResult& result, const Figure& f) {
  const double value = median(each(result, f));
  return value > 0 ? Row(value) : Row(nullptr);
}

double part(double amount, double seconds, double rate) {
  return seconds > 0 && rate > 0 ? amount / seconds / rate : 0;
}

// The rate of the instruction that int8 weights meet their inputs with. An input is two int8 digits or one int16:
// either way an instruction of 512 bits has 32 products, as dots of int16 have. With the device option digits=1 it is
// one int8, and where there is an instruction for it 64.
double dot_rate(const BenchSetting& setting, const grok1_rates& rates) {
  const bool one_digit = ("," + setting.backend_options + ",").find(",digits=1,") != std::string::npos;
  return one_digit && rates.dot_i8_per_second > 0 ? rates.dot_i8_per_second : rates.dot_i16_per_second;
}

// The least time that the device's arithmetic allows, 0 if it is not known. Weights other than int8 are multiplied as
// float32. Only weights of layers count: no attention scores, no logits.
double arithmetic_seconds(const BenchSetting& setting, const BenchWork& work, const grok1_rates& rates) {
  double seconds = 0;
  for (const auto& [operations, rate] : {std::pair(work.i8_operations, dot_rate(setting, rates)),
                                         std::pair(work.f32_operations, rates.fma_per_second)}) {
    if (operations > 0 && rate == 0) return 0;
    if (operations > 0) seconds += operations / rate;
  }
  return seconds;
}

Row row_of(const BenchSetting& setting, const BenchResult& result) {
  const BenchTest& test = result.test;
  const BenchWork& work = result.work;
  const auto n_tokens = static_cast<double>(test.all_tokens());
  const std::vector<double> speeds = each(result, [&](const BenchSample& s) { return n_tokens / s.seconds; });
  const auto rate = [&](double grok1_rates::*r) { return figure(result, [=](const auto& s) { return s.rates.*r; }); };
  Row row;
  row["model"] = setting.model;
  row["encoding"] = setting.encoding;
  row["file_bytes"] = setting.file_bytes;
  row["parameters"] = setting.parameters;
  row["devices"] = setting.devices;
  row["processor"] = setting.processor;
  row["backend_options"] = setting.backend_options;
  row["threads"] = setting.threads;
  row["cache_type"] = setting.cache_type;
  row["test"] = test.name();
  row["prompt_tokens"] = test.is_prompt ? test.tokens : 0;
  row["generated_tokens"] = test.is_prompt ? 0 : test.tokens;
  row["batch"] = test.batch;
  row["depth"] = test.depth;
  row["repetitions"] = result.samples.size();
  row["tokens_per_second"] = median(speeds);
  row["tokens_per_second_mean"] = mean(speeds);
  row["tokens_per_second_deviation"] = deviation(speeds);
  row["bytes_per_token"] = work.bytes / n_tokens;
  row["expert_bytes_per_token"] = work.expert_bytes / n_tokens;
  row["kv_bytes_per_token"] = work.kv_bytes / n_tokens;
  row["experts_per_layer"] = work.experts;
  row["fraction_of_read"] =
      figure(result, [&](const BenchSample& s) { return part(work.bytes, s.seconds, s.rates.read_bytes_per_second); });
  row["fraction_of_read_experts"] = figure(result, [&](const BenchSample& s) {
    return part(work.expert_bytes, s.expert_seconds, s.rates.read_bytes_per_second);
  });
  row["fraction_of_dot"] =
      figure(result, [&](const BenchSample& s) { return arithmetic_seconds(setting, work, s.rates) / s.seconds; });
  row["read_bytes_per_second"] = rate(&grok1_rates::read_bytes_per_second);
  row["dot_i8_per_second"] = rate(&grok1_rates::dot_i8_per_second);
  row["dot_i16_per_second"] = rate(&grok1_rates::dot_i16_per_second);
  row["fma_per_second"] = rate(&grok1_rates::fma_per_second);
  row["disk_bytes_per_second"] = setting.disk_bytes_per_second > 0 ? Row(setting.disk_bytes_per_second) : Row(nullptr);
  row["load_average"] = result.load_average;
  return row;
}

std::string dump(const Row& row) {
  return row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class Json : public BenchReport {
 public:
  using BenchReport::BenchReport;
  void add(const BenchResult& result) override { rows_.push_back("  " + dump(row_of(setting_, result))); }
  void end() override {
    std::string all;
    for (const std::string& row : rows_) all += (all.empty() ? "" : ",\n") + row;
    write_stdout("[\n" + all + "\n]\n");
  }

 private:
  std::vector<std::string> rows_;
};

class Csv : public BenchReport {
 public:
  using BenchReport::BenchReport;
  void add(const BenchResult& result) override {
    const Row row = row_of(setting_, result);
    std::string names, values;
    for (const auto& [name, value] : row.items()) {
      names += (names.empty() ? "" : ",") + name;
      values += (values.empty() ? "" : ",") + field(value);
    }
    write_stdout((std::exchange(is_first_, false) ? names + "\n" : "") + values + "\n");
    flush_stdout();
  }
  void end() override {}

 private:
  // Texts in quotes, a quote doubled (RFC 4180); nothing for what is not known.
  static std::string field(const Row& value) {
    if (value.is_null()) return "";
    if (!value.is_string()) return dump(value);
    std::string quoted = "\"";
    for (const char c : value.get<std::string>()) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
  }
  bool is_first_ = true;
};

class Markdown : public BenchReport {
 public:
  using BenchReport::BenchReport;

  void add(const BenchResult& result) override {
    const Row row = row_of(setting_, result);
    if (std::exchange(is_first_, false))
      write_stdout(
          "| model | size | device | threads | cache | test | tokens/s | bytes/token | of read | experts of read | of "
          "dots |\n| --- | ---: | --- | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    write_stdout(
        text("| %s %s | %s | %s | %s | %s | %s | %.2f ± %.2f | %s | %s | %s | %s |\n", setting_.model.c_str(),
             setting_.encoding.c_str(), file_size(setting_.file_bytes).c_str(),
             (setting_.devices + (setting_.backend_options.empty() ? "" : " " + setting_.backend_options)).c_str(),
             setting_.threads == 0 ? "all" : text("%u", setting_.threads).c_str(), setting_.cache_type.c_str(),
             result.test.name().c_str(), row["tokens_per_second"].get<double>(),
             row["tokens_per_second_deviation"].get<double>(),
             file_size(static_cast<uint64_t>(row["bytes_per_token"].get<double>())).c_str(),
             fraction(row["fraction_of_read"]).c_str(), fraction(row["fraction_of_read_experts"]).c_str(),
             fraction(row["fraction_of_dot"]).c_str()));
    flush_stdout();
    samples_.insert(samples_.end(), result.samples.begin(), result.samples.end());
    load_average_ = result.load_average;
  }

  void end() override {
    write_stdout(text("\n%s: read %s, int8 dots %s, int16 dots %s, multiply-adds %s; disk %s; load average %.2f\n",
                      setting_.processor.c_str(), rate(&grok1_rates::read_bytes_per_second, 1e9, "GB/s").c_str(),
                      rate(&grok1_rates::dot_i8_per_second, 1e12, "TOP/s").c_str(),
                      rate(&grok1_rates::dot_i16_per_second, 1e12, "TOP/s").c_str(),
                      rate(&grok1_rates::fma_per_second, 1e12, "TFLOP/s").c_str(),
                      with_unit(setting_.disk_bytes_per_second, 1e9, "GB/s").c_str(), load_average_));
  }

 private:
  static std::string fraction(const Row& value) { return value.is_null() ? "-" : text("%.2f", value.get<double>()); }
  static std::string with_unit(double value, double unit, const char* name) {
    return value > 0 ? text("%.2f %s", value / unit, name) : "-";
  }
  std::string rate(double grok1_rates::*r, double unit, const char* name) const {
    std::vector<double> values;
    for (const BenchSample& sample : samples_) values.push_back(sample.rates.*r);
    return with_unit(median(values), unit, name);
  }

  bool is_first_ = true;
  std::vector<BenchSample> samples_;  // of all rows
  double load_average_ = 0;
};

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::unique_ptr<BenchReport> BenchReport::make(const std::string& format, BenchSetting setting) {
  if (format == "json") return std::make_unique<Json>(std::move(setting));
  if (format == "csv") return std::make_unique<Csv>(std::move(setting));
  return std::make_unique<Markdown>(std::move(setting));
}

}  // namespace cli

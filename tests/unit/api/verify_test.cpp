// grok1_model_verify, and what grok1.h shows of files besides: copies of a golden checkpoint with every kind of fault
// planted in them, one by one and together, and what is told of each.
#include <grok1.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>
#include <vector>

#include "tests/golden/engine.h"
#include "tests/unit/formats/pickle_builder.h"
#include "tests/unit/formats/temporary_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace grok1::test;

const fs::path kTiny = fs::path(GROK1_TEST_DATA) / "tiny";
// What the 26 files of `tiny` hold besides their headers, by tests/golden/README.md's shapes: d 64, q 256, kv 128,
// ffn 344, 8 experts, vocabulary 256, 2 layers; int8 with bf16 scales (row-parallel ones in 8 groups), else f32.
constexpr uint64_t kTinyPayload = 256 * 64 * 4 + 64 * 4 +
                                  2 * (3 * 8 * 64 * 344 + 2 * 8 * 344 * 2 + 8 * 8 * 64 * 2 + 64 * 256 * 2 +
                                       2 * 64 * 128 + 256 * 2 + 2 * 128 * 2 + 8 * 64 * 2 + 4 * 64 * 4 + 64 * 8 * 4);

struct Told {
  uint32_t kind;
  std::string kind_name, file, tensor, message;
  uint64_t offset, count;
  grok1_status status;
};

class Verify : public testing::Test {
 protected:
  Verify() {
    fs::copy(kTiny / "ckpt-0", folder_.path() / "ckpt-0");
    fs::permissions(folder_.path() / "ckpt-0", fs::perms::owner_all, fs::perm_options::add);
    for (const auto& entry : fs::directory_iterator(folder_.path() / "ckpt-0"))
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    fs::copy(kTiny / "config.json", folder_.path() / "config.json");
  }

  static std::string name(int index) {
    return std::string("tensor000") + (index < 10 ? "0" : "") + std::to_string(index) + "_000";
  }
  fs::path file(int index) const { return folder_.path() / "ckpt-0" / name(index); }
  void replace(int index, const std::string& bytes) const {
    fs::remove(file(index));
    folder_.write("ckpt-0/" + name(index), bytes);
  }
  void patch(int index, uint64_t offset, const std::string& bytes) const {
    std::fstream out(file(index), std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(offset));
    out << bytes;
  }

  grok1_status verify() {
    told_.clear();
    report_ = GROK1_INIT(grok1_verify_report);
    err_ = GROK1_INIT(grok1_error);
    return grok1_model_verify(folder_.path().c_str(), SIZE_MAX, &options_, take, this, &report_, &err_);
  }
  static int32_t take(void* user, const grok1_fault* fault) {
    auto& self = *static_cast<Verify*>(user);
    self.told_.push_back({fault->kind, fault->kind_name, fs::path(fault->path).filename().string(), fault->tensor,
                          fault->message, fault->offset, fault->count, fault->status});
    return self.told_.size() == self.stop_after_ ? 1 : 0;
  }

  void expect_one(uint32_t kind, const char* kind_name, int index, const std::string& tensor,
                  const std::vector<std::string>& words) {
    EXPECT_EQ(verify(), GROK1_E_BAD_FILE);
    ASSERT_EQ(told_.size(), 1u) << err_.message;
    const Told& told = told_.front();
    EXPECT_EQ(told.kind, kind);
    EXPECT_EQ(told.kind_name, kind_name);
    EXPECT_EQ(told.file, name(index));
    EXPECT_EQ(told.tensor, tensor);
    for (const std::string& word : words) EXPECT_NE(told.message.find(word), std::string::npos) << told.message;
    EXPECT_EQ(report_.n_faults, 1u);
    EXPECT_EQ(std::string(err_.message), "1 fault found; the first: " + told.message);
    EXPECT_EQ(err_.offset, told.offset);
  }

  // Where the payload of a tensor lies; `scales`: of its scales.
  uint64_t payload(int index, bool scales = false) const {
    const auto model = golden::make<golden::Model>(
        [&](auto** out, auto* err) { return grok1_model_probe(kTiny.c_str(), SIZE_MAX, nullptr, out, err); });
    grok1_tensor_info info = GROK1_INIT(grok1_tensor_info);
    EXPECT_EQ(grok1_model_tensor(model.get(), static_cast<size_t>(index), &info), GROK1_OK);
    return scales ? info.scale_offset : info.offset;
  }

  TemporaryFolder folder_;
  grok1_verify_options options_ = GROK1_INIT(grok1_verify_options);
  std::vector<Told> told_;
  size_t stop_after_ = 0;
  grok1_verify_report report_ = GROK1_INIT(grok1_verify_report);
  grok1_error err_ = GROK1_INIT(grok1_error);
};

const std::string kLayer0 = "transformer/decoder_layer_0/", kLayer1 = "transformer/decoder_layer_1/";
const std::string kInfinity("\0\0\x80\x7f", 4), kNaN("\x01\0\x80\xff", 4), kBf16Infinity("\x80\x7f", 2);

TEST_F(Verify, AGoodModel) {
  EXPECT_EQ(verify(), GROK1_OK) << err_.message;
  EXPECT_EQ(err_.message[0], '\0');
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(std::string(report_.format), "xAI checkpoint");
  EXPECT_EQ(report_.n_faults, 0u);
  EXPECT_EQ(report_.n_files, 26u);
  EXPECT_EQ(report_.n_tensors, 26u);
  EXPECT_EQ(report_.bytes_read, kTinyPayload);
  EXPECT_GT(report_.read_ns, 0u);
  for (const uint32_t threads : {1u, 2u, 1000u}) {
    options_.threads = threads;
    EXPECT_EQ(verify(), GROK1_OK) << err_.message;
    EXPECT_EQ(report_.bytes_read, kTinyPayload);
  }
  grok1_verify_report alone = GROK1_INIT(grok1_verify_report);
  EXPECT_EQ(grok1_model_verify(folder_.path().c_str(), SIZE_MAX, nullptr, nullptr, nullptr, &alone, nullptr), GROK1_OK);
  EXPECT_EQ(alone.bytes_read, kTinyPayload);
}

TEST_F(Verify, HeadersOnlyReadsNoPayload) {
  patch(1, payload(1), kNaN);
  options_.flags = GROK1_VERIFY_HEADERS_ONLY;
  EXPECT_EQ(verify(), GROK1_OK) << err_.message;
  EXPECT_EQ(report_.bytes_read, 0u);
  EXPECT_EQ(report_.n_tensors, 26u);
}

TEST_F(Verify, AMissingFile) {
  fs::remove(file(14));
  expect_one(GROK1_FAULT_MISSING, "missing", 14, kLayer1 + "moe/linear/w",
             {"tensor00014_000: this file is missing (moe/linear of layer 1); fetch it"});
  EXPECT_EQ(told_[0].status, GROK1_E_NOT_FOUND);
}

TEST_F(Verify, AShortFile) {
  fs::resize_file(file(6), 17000);
  expect_one(GROK1_FAULT_SHORT, "short", 6, kLayer0 + "multi_head_attention/linear/w",
             {"file has 17,000 bytes, at least 17,", "it was cut short, fetch it again",
              "(multi_head_attention/linear of layer 0)"});
  EXPECT_EQ(told_[0].status, GROK1_E_BAD_FILE);
}

TEST_F(Verify, ADamagedHeader) {
  patch(25, 0, "\x81");
  expect_one(GROK1_FAULT_DAMAGED, "damaged", 25, kLayer1 + "router/w",
             {"tensor00025_000: at byte 0: a pickle of protocol 4 wanted, found something else (router of layer 1)"});
}

TEST_F(Verify, AnExtraFile) {
  folder_.write("ckpt-0/tensor00026_000", "x");
  expect_one(GROK1_FAULT_EXTRA, "extra", 26, "", {"26 tensor files of 2 layers wanted, found this one besides"});
}

TEST_F(Verify, AWrongShape) {
  replace(1, plain_pickle(array(f32(), {65}, 4)));
  expect_one(GROK1_FAULT_SHAPE, "shape", 1, "language_model/rms_norm/scale",
             {"an array of shape [64] wanted, found [65] (the final norm)"});
}

TEST_F(Verify, AWrongEncoding) {
  replace(13, quantized_pickle(array(i8(), {64, 8}, 1), array(bf16(), {1, 8}, 2)));
  expect_one(GROK1_FAULT_ENCODING, "encoding", 13, kLayer0 + "router/w",
             {"a plain array of f32 or bf16 wanted, found one with scales"});
}

TEST_F(Verify, AnUnreadableFile) {
  fs::remove(file(7));
  fs::create_directory(file(7));
  expect_one(GROK1_FAULT_UNREADABLE, "unreadable", 7, kLayer0 + "multi_head_attention/query/w",
             {"a file is wanted here, found a directory"});
  EXPECT_EQ(told_[0].status, GROK1_E_IO);
}

TEST_F(Verify, ABadTokenizer) {
  folder_.write("tokenizer.model", "no such thing");
  EXPECT_EQ(verify(), GROK1_E_BAD_FILE);
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].kind_name, "damaged");
  EXPECT_EQ(told_[0].file, "tokenizer.model");
  EXPECT_EQ(report_.bytes_read, kTinyPayload);  // it went on
}

TEST_F(Verify, ABadConfig) {
  folder_.write("config.json", "{");
  EXPECT_EQ(verify(), GROK1_E_BAD_FILE);
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].file, "config.json");
  EXPECT_EQ(report_.n_tensors, 0u);
}

TEST_F(Verify, NumbersThatAreNotFiniteInF32) {
  const uint64_t at = payload(0);
  patch(0, at + 4 * 1000, kInfinity);
  patch(0, at + 4 * 16383, kNaN);
  patch(0, at + 4 * 1001, kNaN);
  expect_one(GROK1_FAULT_NON_FINITE, "non-finite", 0, "language_model/in_out_embed/embeddings",
             {"at byte " + std::to_string(at + 4000) + ": finite numbers wanted in ",
              "found 3 infinities or NaN in f32, the first one here"});
  EXPECT_EQ(told_[0].offset, at + 4000);
  EXPECT_EQ(told_[0].count, 3u);
}

TEST_F(Verify, NumbersThatAreNotFiniteInScales) {
  const uint64_t at = payload(3, true);  // bf16 [8, 8, 64]
  patch(3, at + 2 * (8 * 8 * 64 - 1), kBf16Infinity);
  expect_one(
      GROK1_FAULT_NON_FINITE, "non-finite", 3, kLayer0 + "moe/linear_1/w",
      {"finite numbers wanted in the scales of " + kLayer0 + "moe/linear_1/w, found 1 infinities or NaN in bf16"});
  EXPECT_EQ(told_[0].offset, at + 2 * 4095);
}

TEST_F(Verify, NumbersThatAreNotFiniteInBf16) {
  ArrayParts parts = array(bf16(), {64}, 2);
  std::string payload(128, '\0');
  payload.replace(126, 2, kBf16Infinity);
  parts.payload = payload_header(128) + payload;
  replace(9, plain_pickle(parts));
  expect_one(GROK1_FAULT_NON_FINITE, "non-finite", 9, kLayer0 + "rms_norm/scale",
             {"found 1 infinities or NaN in bf16"});
  EXPECT_EQ(told_[0].offset, parts.header().size() + kProto.size() + 9 + 126);
}

// One that spans several requests of 8 MiB, on every number of threads: counted once, the first byte is the first.
TEST_F(Verify, ALargeTensor) {
  const std::string config =
      R"({"num_hidden_layers": 1, "hidden_size": 64, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 2,
          "intermediate_size": 1, "num_experts": 1, "num_experts_per_tok": 1, "vocab_size": 100000,
          "max_position_embeddings": 8})";
  const std::vector<std::vector<int64_t>> shapes{{100000, 64}, {64},    {1, 64, 1}, {1, 1, 64}, {1, 64, 1},
                                                 {64, 2},      {2, 64}, {64, 2},    {64, 2},    {64},
                                                 {64},         {64},    {64},       {64, 1}};
  for (int i = 0; i < 26; ++i) fs::remove(file(i));
  for (size_t i = 0; i < shapes.size(); ++i) replace(static_cast<int>(i), plain_pickle(array(f32(), shapes[i], 4)));
  folder_.write("config.json", config);
  const uint64_t size = uint64_t{100000} * 64 * 4, at = fs::file_size(file(0)) - size - 3;
  for (const uint64_t place : {uint64_t{3} << 20, uint64_t{9} << 20, size / 4 - 1, uint64_t{0}}) {
    patch(0, at + place * (place == size / 4 - 1 ? 4 : 1), kNaN);
  }
  for (const uint32_t threads : {1u, 2u}) {
    options_.threads = threads;
    expect_one(GROK1_FAULT_NON_FINITE, "non-finite", 0, "language_model/in_out_embed/embeddings",
               {"found 4 infinities or NaN in f32"});
    EXPECT_EQ(told_[0].offset, at);
  }
}

TEST_F(Verify, EverythingAtOnce) {
  fs::remove(file(2));
  fs::resize_file(file(3), 100);
  folder_.write("ckpt-0/tensor00099_000", "x");
  patch(0, payload(0), kNaN);
  patch(25, payload(25), kNaN);
  EXPECT_EQ(verify(), GROK1_E_BAD_FILE);
  ASSERT_EQ(told_.size(), 5u);
  const std::vector<uint32_t> kinds{GROK1_FAULT_MISSING, GROK1_FAULT_EXTRA, GROK1_FAULT_SHORT, GROK1_FAULT_NON_FINITE,
                                    GROK1_FAULT_NON_FINITE};
  for (size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(told_[i].kind, kinds[i]) << told_[i].message;
  EXPECT_EQ(told_[3].file, name(0));  // payloads in their order
  EXPECT_EQ(told_[4].file, name(25));
  EXPECT_EQ(report_.n_faults, 5u);
  EXPECT_EQ(report_.n_tensors, 24u);
  EXPECT_EQ(std::string(err_.message).rfind("5 faults found; the first: ", 0), 0u) << err_.message;
  EXPECT_NE(std::string(err_.message).find("tensor00002_000"), std::string::npos) << err_.message;
}

// What the caller does while it runs.
struct Meddler {
  std::function<int32_t(uint64_t, uint64_t)> act;
  static int32_t progress(void* user, uint64_t done, uint64_t total) {
    return static_cast<Meddler*>(user)->act(done, total);
  }
};

TEST_F(Verify, AFileThatChangesMeanwhile) {
  Meddler meddler{[this, touched = false](uint64_t, uint64_t) mutable {
    if (!std::exchange(touched, true)) fs::resize_file(file(3), fs::file_size(file(3)) + 1);
    return 0;
  }};
  options_.progress = Meddler::progress;
  options_.progress_user = &meddler;
  EXPECT_EQ(verify(), GROK1_E_BAD_FILE);
  ASSERT_EQ(told_.size(), 1u) << err_.message;
  EXPECT_EQ(told_[0].kind_name, "changed");
  EXPECT_EQ(told_[0].file, name(3));
  EXPECT_NE(told_[0].message.find("it had 184632 bytes, now 184633"), std::string::npos) << told_[0].message;
}

TEST_F(Verify, AFileThatGoesMeanwhile) {
  Meddler meddler{[this](uint64_t, uint64_t) {
    fs::remove(file(3));
    return 0;
  }};
  options_.progress = Meddler::progress;
  options_.progress_user = &meddler;
  EXPECT_EQ(verify(), GROK1_E_BAD_FILE);
  ASSERT_EQ(told_.size(), 1u) << err_.message;
  EXPECT_EQ(told_[0].kind_name, "missing");
  EXPECT_EQ(told_[0].file, name(3));
}

TEST_F(Verify, ProgressNeverFallsAndEndsWithAll) {
  uint64_t last = 0, calls = 0;
  Meddler meddler{[&](uint64_t done, uint64_t total) {
    EXPECT_GE(done, last);
    EXPECT_EQ(total, kTinyPayload);
    last = done;
    ++calls;
    return 0;
  }};
  options_.progress = Meddler::progress;
  options_.progress_user = &meddler;
  EXPECT_EQ(verify(), GROK1_OK);
  EXPECT_EQ(last, kTinyPayload);
  EXPECT_GE(calls, 2u);
}

TEST_F(Verify, IsCancelledInThreeWays) {
  patch(0, payload(0), kNaN);
  patch(1, payload(1), kNaN);
  stop_after_ = 1;
  EXPECT_EQ(verify(), GROK1_E_CANCELLED);
  EXPECT_EQ(told_.size(), 1u);
  EXPECT_EQ(report_.n_faults, 1u);
  stop_after_ = 0;
  Meddler meddler{[](uint64_t, uint64_t) { return 1; }};
  options_.progress = Meddler::progress;
  options_.progress_user = &meddler;
  EXPECT_EQ(verify(), GROK1_E_CANCELLED);
  options_.progress = nullptr;
  const auto cancel = golden::make<golden::Cancel>([](auto** out, auto* err) { return grok1_cancel_create(out, err); });
  options_.cancel = cancel.get();
  grok1_cancel_request(cancel.get());
  EXPECT_EQ(verify(), GROK1_E_CANCELLED);
  grok1_cancel_reset(cancel.get());
  EXPECT_EQ(verify(), GROK1_E_BAD_FILE);
  EXPECT_EQ(told_.size(), 2u);
}

TEST_F(Verify, WhereThereIsNoModel) {
  grok1_verify_report report = GROK1_INIT(grok1_verify_report);
  report.n_faults = 77;
  grok1_error err = GROK1_INIT(grok1_error);
  const auto status_of = [&](const fs::path& path) {
    return grok1_model_verify(path.c_str(), SIZE_MAX, nullptr, nullptr, nullptr, &report, &err);
  };
  EXPECT_EQ(status_of(folder_.path() / "nowhere"), GROK1_E_NOT_FOUND);
  EXPECT_EQ(status_of(folder_.path() / "config.json"), GROK1_E_UNSUPPORTED);
  EXPECT_EQ(report.n_faults, 77u);  // untouched
}

// -- Parts and warnings

TEST(Tensors, OfOnePartAreTheirPart) {
  const auto model = golden::make<golden::Model>(
      [&](auto** out, auto* err) { return grok1_model_probe(kTiny.c_str(), SIZE_MAX, nullptr, out, err); });
  grok1_tensor_info whole = GROK1_INIT(grok1_tensor_info), part = GROK1_INIT(grok1_tensor_info);
  for (size_t i = 0; grok1_model_tensor(model.get(), i, &whole) == GROK1_OK; ++i) {
    ASSERT_EQ(grok1_model_tensor_part(model.get(), i, 0, &part), GROK1_OK);
    EXPECT_STREQ(part.name, whole.name);
    part.name = whole.name;  // the same text in two places
    EXPECT_EQ(std::memcmp(&whole, &part, sizeof whole), 0) << whole.name;
    EXPECT_EQ(whole.n_parts, 1u);
    EXPECT_EQ(grok1_model_tensor_part(model.get(), i, 1, &part), GROK1_E_OUT_OF_RANGE);
  }
  ASSERT_EQ(grok1_model_tensor(model.get(), 3, &whole), GROK1_OK);  // moe/linear_1 of layer 0, [8, 344, 64]
  EXPECT_EQ(whole.expert_begin, 0u);
  EXPECT_EQ(whole.expert_end, 8u);
  EXPECT_EQ(whole.row_end, 344u);
  EXPECT_EQ(whole.column_end, 64u);
  EXPECT_EQ(whole.transposed, 0u);
  const char* text = nullptr;
  EXPECT_EQ(grok1_model_warning(model.get(), 0, &text), GROK1_E_OUT_OF_RANGE);
}

TEST_F(Verify, AWarningIsShown) {
  // Grok-1's width with another rope base, and nothing else of its size.
  const std::string config =
      R"({"num_hidden_layers": 1, "hidden_size": 6144, "num_attention_heads": 1, "num_key_value_heads": 1,
          "head_dim": 2, "intermediate_size": 1, "num_experts": 1, "num_experts_per_tok": 1, "vocab_size": 2,
          "max_position_embeddings": 8, "rope_theta": 100000.0})";
  const int64_t d = 6144;
  const std::vector<std::vector<int64_t>> shapes{{2, d}, {d},    {1, d, 1}, {1, 1, d}, {1, d, 1}, {d, 2}, {2, d},
                                                 {d, 2}, {d, 2}, {d},       {d},       {d},       {d},    {d, 1}};
  for (int i = 0; i < 26; ++i) fs::remove(file(i));
  for (size_t i = 0; i < shapes.size(); ++i) replace(static_cast<int>(i), plain_pickle(array(f32(), shapes[i], 4)));
  folder_.write("config.json", config);
  const auto model = golden::make<golden::Model>(
      [&](auto** out, auto* err) { return grok1_model_probe(folder_.path().c_str(), SIZE_MAX, nullptr, out, err); });
  const char* text = nullptr;
  ASSERT_EQ(grok1_model_warning(model.get(), 0, &text), GROK1_OK);
  EXPECT_NE(std::string(text).find("\"rope_theta\" is 100000"), std::string::npos) << text;
  EXPECT_EQ(grok1_model_warning(model.get(), 1, &text), GROK1_E_OUT_OF_RANGE);
}

}  // namespace

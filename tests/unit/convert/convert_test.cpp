// Golden cases and the demo model as GGUF and back through the library's own reader; xAI's int8 as Q8_0 with its own
// digits; what is refused; the same bytes from any number of threads.
#include "core/convert/convert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "core/base/encoding.h"
#include "core/base/failure.h"
#include "core/tokenizer/tokenizer.h"
#include "encodings/encode/encode.h"
#include "tests/unit/convert/made_source.h"

namespace grok1::test {
namespace {

std::string golden_path(const std::string& name) {
  return std::string(GROK1_TEST_DATA) + "/" + name;
}

grok1_status status_of(const ConvertRequest& request, std::string* message = nullptr) {
  try {
    convert_model(request);
    return GROK1_OK;
  } catch (const Failure& failure) {
    if (message != nullptr) *message = failure.message();
    return failure.status();
  }
}

class ConvertTest : public testing::Test {
 protected:
  std::string out(const std::string& name = "out.gguf") const { return (folder_.path() / name).string(); }
  size_t files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }
  TemporaryFolder folder_;
};

void expect_same_config(const Config& a, const Config& b) {
  EXPECT_EQ(a.layers, b.layers);
  EXPECT_EQ(a.d_model, b.d_model);
  EXPECT_EQ(a.heads, b.heads);
  EXPECT_EQ(a.kv_heads, b.kv_heads);
  EXPECT_EQ(a.head_dim, b.head_dim);
  EXPECT_EQ(a.ffn, b.ffn);
  EXPECT_EQ(a.experts, b.experts);
  EXPECT_EQ(a.experts_used, b.experts_used);
  EXPECT_EQ(a.vocab_size, b.vocab_size);
  EXPECT_EQ(a.context, b.context);
  EXPECT_EQ(a.embedding_multiplier, b.embedding_multiplier);
  EXPECT_EQ(a.output_multiplier, b.output_multiplier);
  EXPECT_EQ(a.attention_multiplier, b.attention_multiplier);
  EXPECT_EQ(a.attention_soft_cap, b.attention_soft_cap);
  EXPECT_EQ(a.rope_base, b.rope_base);
  EXPECT_EQ(a.rms_norm_eps, b.rms_norm_eps);
  EXPECT_EQ(a.pad_id, b.pad_id);
  EXPECT_EQ(a.bos_id, b.bos_id);
  EXPECT_EQ(a.eos_id, b.eos_id);
}

// Every tensor has the source's numbers, or where `type` is given those that the source's become in it.
void expect_same_numbers(const TensorSource& source, const TensorSource& made, uint32_t type = 0) {
  ASSERT_EQ(source.tensors().size(), made.tensors().size());
  for (const Tensor& tensor : source.tensors()) {
    const Tensor& other = made.find(tensor.role, tensor.layer);
    std::vector<float> wanted = numbers_of(tensor);
    if (other.values.encoding == type) {
      std::vector<uint8_t> bytes(encoded_bytes(type, wanted.size()));
      if (encoding_shape(type).elements > 1) {
        const uint64_t blocks = wanted.size() / encoding_shape(type).elements;
        encodings::encode(encodings::Id(type), wanted.data(), nullptr, blocks, bytes.data());
        encodings::decode(encodings::Id(type), bytes.data(), blocks, wanted.data());
      } else if (type == GROK1_ENCODING_BF16) {
        for (float& number : wanted) number = encodings::bf16_to_float(encodings::float_to_bf16(number));
      }
    }
    ASSERT_EQ(as_bytes(numbers_of(other)), as_bytes(wanted)) << tensor.name << " in layer " << tensor.layer;
  }
}

TEST_F(ConvertTest, GoldenCasesInF32AreTheirNumbers) {
  for (const char* name : {"tiny", "odd", "gqa6", "two-groups"}) {
    const auto source = open_model(golden_path(name));
    const grok1_convert_report report = convert_model(request_of(*source, out(name + std::string(".gguf")), "f32"));
    EXPECT_EQ(report.lossless, 1u);
    EXPECT_EQ(report.n_files, 1u);
    EXPECT_EQ(report.output_bytes, std::filesystem::file_size(out(name + std::string(".gguf"))));
    const auto made = open_model(out(name + std::string(".gguf")));
    EXPECT_EQ(made->format().substr(0, 4), "GGUF");
    expect_same_config(source->config(), made->config());
    expect_same_numbers(*source, *made);
  }
  EXPECT_EQ(files(), 4u) << "something was left";
}

TEST_F(ConvertTest, GoldenCaseInBF16AndQ4K) {
  const auto source = open_model(golden_path("gqa6"));
  for (const auto& [type, encoding] : {std::pair{"bf16", GROK1_ENCODING_BF16}, {"q4_k", GROK1_ENCODING_Q4_K}}) {
    const std::string path = out(std::string(type) + ".gguf");
    const grok1_convert_report report = convert_model(request_of(*source, path, type));
    EXPECT_EQ(report.lossless, 0u);
    EXPECT_GT(report.sum_squared_errors, 0);
    const auto made = open_model(path);
    uint32_t count = 0;
    for (const Tensor& tensor : made->tensors()) count += tensor.values.encoding == uint32_t(encoding) ? 1 : 0;
    EXPECT_GT(count, 0u);
    EXPECT_EQ(count, report.encoding_tensors[encoding]);
  }
  const auto bf16 = open_model(out("bf16.gguf"));
  expect_same_numbers(*source, *bf16, GROK1_ENCODING_BF16);
}

TEST_F(ConvertTest, Q4KIsWhatTheEncoderMakesOfTheNumbers) {
  MadeSource source;
  source.config_.d_model = 512;
  const std::string path = folder_.write("in", as_bytes(made_numbers(2 * 512 * 100, 4)));
  source.add(TensorRole::kGate, 0, {2, 512, 100}, GROK1_ENCODING_F32, false, path);
  convert_model(request_of(source, out(), "q4_k"));
  const std::vector<float> numbers = numbers_of(source.tensors()[0]);
  std::string wanted(encoded_bytes(GROK1_ENCODING_Q4_K, numbers.size()), '\0');
  encodings::encode(encodings::Id::kQ4_K, numbers.data(), nullptr, numbers.size() / 256, wanted.data());
  const std::string file = bytes_of_file(out());
  EXPECT_EQ(file.substr(file.size() - (wanted.size() + 31) / 32 * 32, wanted.size()), wanted);
}

// bf16 scales from 2^-14 on are numbers of f16 too: the int8 and the scales of the source, bit for bit.
TEST_F(ConvertTest, Int8BecomesQ8_0WithItsOwnDigits) {
  for (const uint64_t groups : {1, 3}) {
    MadeSource source;
    std::string bytes;
    for (int i = 0; i < 2 * 96 * 70; ++i) bytes += static_cast<char>(i * 101 + i / 256);  // -128 among them
    std::vector<uint16_t> scales;
    for (uint32_t i = 0; i < 2 * groups * 70; ++i) scales.push_back(static_cast<uint16_t>(0x3880 + i * 7 % 600));
    const std::string path = folder_.write("in", bytes + as_bytes(scales));
    source.add(TensorRole::kUp, 0, {2, 96, 70}, GROK1_ENCODING_I8, false, path, groups, GROK1_ENCODING_BF16);
    ConvertRequest request = request_of(source, out());
    request.options.flags = GROK1_CONVERT_OVERWRITE;
    const grok1_convert_report report = convert_model(request);
    EXPECT_EQ(report.lossless, 1u);
    EXPECT_EQ(report.n_blocks, 2u * 70 * 3);
    EXPECT_EQ(report.encoding_tensors[GROK1_ENCODING_Q8_0], 1u);
    std::string wanted;
    for (uint64_t e = 0; e < 2; ++e) {
      for (uint64_t n = 0; n < 70; ++n) {
        for (uint64_t block = 0; block < 3; ++block) {
          const uint16_t scale = scales[(e * groups + block * 32 / (96 / groups)) * 70 + n];
          const uint16_t half = encodings::float_to_half(encodings::bf16_to_float(scale));
          wanted.append(reinterpret_cast<const char*>(&half), 2);
          for (uint64_t k = block * 32; k < block * 32 + 32; ++k) wanted += bytes[(e * 96 + k) * 70 + n];
        }
      }
    }
    const std::string file = bytes_of_file(out());
    EXPECT_EQ(file.substr(file.size() - (wanted.size() + 31) / 32 * 32, wanted.size()), wanted);
  }
}

// A column with a scale that f16 has not, and a group that ends inside a block: only these are encoded anew.
TEST_F(ConvertTest, ScalesThatF16HasNotAreReported) {
  MadeSource source;
  std::string bytes;
  for (int i = 0; i < 64 * 5; ++i) bytes += static_cast<char>(i * 29);
  std::vector<float> scales(5, 0.25f);
  scales[2] = 0.1f;
  const std::string path = folder_.write("in", bytes + as_bytes(scales));
  source.add(TensorRole::kQuery, 0, {64, 5}, GROK1_ENCODING_I8, false, path, 1, GROK1_ENCODING_F32);
  const grok1_convert_report report = convert_model(request_of(source, out()));
  EXPECT_EQ(report.lossless, 0u);
  EXPECT_EQ(report.n_blocks, 10u);
  EXPECT_EQ(report.n_inexact_blocks, 2u);
  EXPECT_GT(report.largest_relative_error, 0);
  EXPECT_LT(report.largest_relative_error, 0.005);  // half a digit of 127, and f16's last place
  const auto numbers = numbers_of(source.tensors()[0]);
  const std::string file = bytes_of_file(out());
  std::vector<float> made(64 * 5);
  encodings::decode(encodings::Id::kQ8_0, file.data() + file.size() - 352, 10, made.data());
  for (size_t i = 0; i < made.size(); ++i) {
    if (i / 64 != 2) {
      ASSERT_EQ(made[i], numbers[i]) << i;
    }
    ASSERT_NEAR(made[i], numbers[i], 0.005 * 12.8) << i;
  }

  MadeSource crossing;
  const std::string other = folder_.write("in2", bytes + as_bytes(std::vector<float>(4 * 5, 0.5f)));
  std::fstream(other, std::ios::in | std::ios::out | std::ios::binary).seekp(64 * 5 + 4 * 5).write("\0\0\x80\x3e", 4);
  crossing.add(TensorRole::kQuery, 0, {64, 5}, GROK1_ENCODING_I8, false, other, 4, GROK1_ENCODING_F32);
  const grok1_convert_report crossed = convert_model(request_of(crossing, out("crossed.gguf")));
  EXPECT_EQ(crossed.n_inexact_blocks, 1u) << "of 32 numbers with two scales";
}

TEST_F(ConvertTest, GoldenCaseInQ8_0IsLossless) {
  const auto source = open_model(golden_path("gqa6"));  // all rows are whole blocks
  const grok1_convert_report report = convert_model(request_of(*source, out()));
  EXPECT_EQ(report.lossless, 1u);
  EXPECT_EQ(report.encoding_tensors[GROK1_ENCODING_Q8_0], 3u * 7);
  expect_same_numbers(*source, *open_model(out()));
}

TEST_F(ConvertTest, AModelInGgufIsCopiedToTheBit) {
  const auto source = open_model(golden_path("gqa6"));
  convert_model(request_of(*source, out("a.gguf"), "q5_k"));
  const auto first = open_model(out("a.gguf"));
  const grok1_convert_report report = convert_model(request_of(*first, out("b.gguf")));
  EXPECT_EQ(report.lossless, 1u);
  EXPECT_EQ(bytes_of_file(out("a.gguf")), bytes_of_file(out("b.gguf")));
}

TEST_F(ConvertTest, ShardsMakeTheSameModel) {
  const auto source = open_model(golden_path("order"));
  ConvertRequest request = request_of(*source, out("m.gguf"));
  const grok1_convert_report whole = convert_model(request);
  request.path = out("s.gguf");
  request.options.shard_bytes = whole.output_bytes / 4;
  const grok1_convert_report report = convert_model(request);
  ASSERT_GT(report.n_files, 4u);
  EXPECT_EQ(files(), 1 + report.n_files);
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < report.n_files; ++i) {
    const std::string shard = out(fmt::format("s-{:05}-of-{:05}.gguf", i + 1, report.n_files));
    EXPECT_LE(std::filesystem::file_size(shard), request.options.shard_bytes);
    bytes += std::filesystem::file_size(shard);
  }
  EXPECT_EQ(bytes, report.output_bytes);
  const auto made = open_model(out(fmt::format("s-00001-of-{:05}.gguf", report.n_files)));
  expect_same_numbers(*open_model(out("m.gguf")), *made);
}

TEST_F(ConvertTest, RowsThatAreNoWholeBlocksAreReported) {
  const auto source = open_model(golden_path("odd"));  // width 56, heads 72, ffn 192
  ConvertRequest request = request_of(*source, out(), "q6_k");
  std::vector<std::string> lines;
  request.log = [&](int32_t level, const std::string& line) {
    EXPECT_EQ(level, GROK1_LOG_INFO);
    lines.push_back(line);
  };
  const grok1_convert_report report = convert_model(request);
  EXPECT_EQ(report.n_fallback, lines.size());
  EXPECT_EQ(report.n_fallback, 1u + 2 * 7);  // the embedding; of two layers q, k, v, o, gate, up, down
  EXPECT_NE(lines.front().find("token_embd.weight: rows of 56 numbers are no whole blocks of q6_k; f16"),
            std::string::npos)
      << lines.front();
  const auto made = open_model(out());
  EXPECT_EQ(made->find(TensorRole::kDown, 1).values.encoding, GROK1_ENCODING_Q8_0);
  EXPECT_EQ(made->find(TensorRole::kGate, 1).values.encoding, GROK1_ENCODING_F16);
}

TEST_F(ConvertTest, DryRunTellsTheSizeAndWritesNothing) {
  const auto source = open_model(golden_path("tiny"));
  for (const char* type : {"f32", "q8_0", "q4_k", "iq4_xs"}) {
    ConvertRequest request = request_of(*source, out(type), type);
    request.options.flags = GROK1_CONVERT_DRY_RUN;
    const size_t before = files();
    const grok1_convert_report dry = convert_model(request);
    EXPECT_EQ(files(), before);
    request.options.flags = 0;
    const grok1_convert_report report = convert_model(request);
    EXPECT_EQ(dry.output_bytes, std::filesystem::file_size(out(type)));
    EXPECT_EQ(dry.output_bytes, report.output_bytes);
    EXPECT_EQ(0, std::memcmp(dry.encoding_bytes, report.encoding_bytes, sizeof dry.encoding_bytes));
  }
}

TEST_F(ConvertTest, ThreadsAndMemoryChangeNoByte) {
  const auto source = open_model(golden_path("gqa6"));
  std::string first;
  for (const uint32_t threads : {1, 2, 5}) {
    for (const uint64_t memory : {16 << 20, 64 << 20}) {
      ConvertRequest request = request_of(*source, out(), "q4_k");
      request.options.threads = threads;
      request.options.memory_bytes = memory;
      request.options.flags = GROK1_CONVERT_OVERWRITE;
      convert_model(request);
      if (first.empty()) first = bytes_of_file(out());
      EXPECT_EQ(bytes_of_file(out()), first) << threads << " threads, " << memory << " bytes";
    }
  }
}

TEST_F(ConvertTest, TheVocabularyComesBack) {
  const auto source = open_model(golden_path("demo-model"));
  const auto tokenizer = Tokenizer::load(source->tokenizer_path());
  const VocabularyPieces pieces = tokenizer->pieces();
  ConvertRequest request = request_of(*source, out());
  request.vocabulary = &pieces;
  convert_model(request);
  const auto made = open_model(out());
  auto vocabulary = made->vocabulary();
  ASSERT_TRUE(vocabulary);
  ASSERT_GE(vocabulary->pieces.size(), pieces.pieces.size());
  for (size_t i = 0; i < pieces.pieces.size(); ++i) {
    ASSERT_EQ(vocabulary->pieces[i].text, pieces.pieces[i].text);
    ASSERT_EQ(vocabulary->pieces[i].score, pieces.pieces[i].score);
    ASSERT_EQ(vocabulary->pieces[i].kind, pieces.pieces[i].kind);
  }
  const auto again = Tokenizer::make(std::move(*vocabulary));
  for (const char* text : {"Hello world", "  two  spaces\n\nand\tmore", "<|separator|>x", "[BOS] \xE6\x97\xA5"}) {
    EXPECT_EQ(again->encode(text), tokenizer->encode(text)) << text;
    EXPECT_EQ(again->decode(again->encode(text)), tokenizer->decode(tokenizer->encode(text))) << text;
  }
}

TEST_F(ConvertTest, AnExistingTargetIsKept) {
  const auto source = open_model(golden_path("tiny"));
  folder_.write("out.gguf", "precious");
  ConvertRequest request = request_of(*source, out());
  EXPECT_EQ(status_of(request), GROK1_E_EXISTS);
  EXPECT_EQ(bytes_of_file(out()), "precious");
  EXPECT_EQ(files(), 1u);
  request.options.flags = GROK1_CONVERT_OVERWRITE;
  EXPECT_EQ(status_of(request), GROK1_OK);
  EXPECT_NO_THROW(open_model(out()));
  EXPECT_EQ(files(), 1u);
}

TEST_F(ConvertTest, RefusalsLeaveNothing) {
  const auto source = open_model(golden_path("tiny"));
  const auto refused = [&](auto change) {
    ConvertRequest request = request_of(*source, out());
    change(request);
    return status_of(request);
  };
  EXPECT_EQ(refused([](auto& r) { r.options.type = "q9"; }), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& r) { r.options.overrides = "a"; }), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& r) { r.options.overrides = "blk.*=q8_0,ffn_down=q6_k"; }), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& r) { r.options.overrides = "*_norm.weight=f32"; }), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& r) { r.options.memory_bytes = 1000; }), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& r) { r.options.shard_bytes = 1000; }), GROK1_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& r) { r.options.type = "iq2_xxs"; }), GROK1_E_UNSUPPORTED);
  EXPECT_EQ(refused([](auto& r) { r.path = "/nonexistent/folder/x.gguf"; }), GROK1_E_NOT_FOUND);
  EXPECT_EQ(refused([](auto& r) { r.options.imatrix_path = "/nonexistent/imatrix"; }), GROK1_E_NOT_FOUND);
  EXPECT_EQ(refused([&](auto& r) { r.path = folder_.path().string(); }), GROK1_E_EXISTS);
  EXPECT_EQ(files(), 0u);
}

TEST_F(ConvertTest, EncodingsThatAreOnlyReadAreRefused) {
  MadeSource source;
  const std::string path = folder_.write("in", as_bytes(made_numbers(256 * 4, 4)));
  source.add(TensorRole::kQuery, 0, {4, 256}, GROK1_ENCODING_F32, true, path);
  EXPECT_EQ(status_of(request_of(source, out(), "iq2_xxs")), GROK1_E_UNSUPPORTED);
}

TEST_F(ConvertTest, NumbersThatAreNotFiniteAreRefusedInBlocks) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> numbers = made_numbers(256 * 4, 4);
    numbers[700] = bad;
    MadeSource source;
    source.add(TensorRole::kQuery, 0, {4, 256}, GROK1_ENCODING_F32, true, folder_.write("in", as_bytes(numbers)));
    std::string message;
    EXPECT_EQ(status_of(request_of(source, out(), "q4_k"), &message), GROK1_E_BAD_FILE);
    EXPECT_NE(message.find("row 2"), std::string::npos) << message;
    EXPECT_EQ(files(), 1u);
  }
  std::vector<float> numbers = made_numbers(256 * 4, 4);
  numbers[5] = 1e6f;
  MadeSource source;
  source.add(TensorRole::kQuery, 0, {4, 256}, GROK1_ENCODING_F32, true, folder_.write("in", as_bytes(numbers)));
  EXPECT_EQ(status_of(request_of(source, out(), "f16")), GROK1_E_BAD_FILE);
  EXPECT_EQ(status_of(request_of(source, out(), "bf16")), GROK1_OK);
}

}  // namespace
}  // namespace grok1::test

// The header of a GGUF file: what is taken, and every kind of damage that its reader tells apart, with status and byte.
#include "core/formats/gguf_header.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/formats/gguf_expect.h"
#include "tests/unit/formats/gguf_model.h"
#include "tests/unit/formats/memory_file.h"

namespace grok1::test {
namespace {

using gguf::number;

constexpr uint64_t kHuge = ~uint64_t{0};

class GgufHeaderFile : public testing::Test {
 protected:
  GgufHeader read(const std::string& bytes) {
    file_.emplace(std::vector{folder_.write("x.gguf", bytes)});
    return read_gguf_header(*file_);
  }

 private:
  TemporaryFolder folder_;
  std::optional<JoinedFile> file_;
};

TEST_F(GgufHeaderFile, EveryTypeOfValue) {
  gguf::File file;
  file.version = 2;
  file.entries = {gguf::entry("a.u8", 0, number(200, 1)),
                  gguf::entry("a.i8", 1, number(0x80, 1)),
                  gguf::entry("a.u16", 2, number(65535, 2)),
                  gguf::entry("a.i16", 3, number(0x8000, 2)),
                  gguf::entry("a.u32", 4, number(4294967295u, 4)),
                  gguf::entry("a.i32", 5, number(0x80000000u, 4)),
                  gguf::f32("a.f32", -1.5f),
                  gguf::flag("a.bool", true),
                  gguf::string("a.string", "h\xC3\xA9llo"),
                  gguf::array("a.array", gguf::kU16, 3, number(0x000300020001, 6)),
                  gguf::entry("a.u64", 10, number(uint64_t{1} << 63, 8)),
                  gguf::entry("a.i64", 11, number(kHuge, 8)),
                  gguf::f64("a.f64", 0.1)};
  const GgufHeader header = read(file.bytes());
  EXPECT_EQ(header.version, 2u);
  EXPECT_EQ(header.alignment, 32u);
  const GgufValues& values = header.values;
  EXPECT_EQ(values.size(), 13u);
  EXPECT_EQ(values.integer("a.u8", 0, 255), 200);
  EXPECT_EQ(values.integer("a.i8", -128, 127), -128);
  EXPECT_EQ(values.integer("a.u16", 0, 65535), 65535);
  EXPECT_EQ(values.integer("a.i16", -32768, 0), -32768);
  EXPECT_EQ(values.integer("a.u32", 0, 4294967295), 4294967295);
  EXPECT_EQ(values.integer("a.i32", INT32_MIN, 0), INT32_MIN);
  EXPECT_EQ(values.integer("a.i64", -1, 0), -1);
  EXPECT_EQ(values.number("a.f32", -2, 2), -1.5);
  EXPECT_EQ(values.number("a.f64", 0, 1), 0.1);
  EXPECT_TRUE(values.flag("a.bool"));
  EXPECT_EQ(values.text("a.string"), "h\xC3\xA9llo");
  EXPECT_EQ(values.array("a.array", GgufType::kUint16).count, 3u);
  EXPECT_THROW(values.integer("a.u64", INT64_MIN, INT64_MAX), Failure);  // 2^63
  EXPECT_THROW(values.integer("a.i64", 0, INT64_MAX), Failure);
  EXPECT_THROW(values.integer("a.u8", 0, 199), Failure);
  EXPECT_THROW(values.integer("a.f32", 0, 1), Failure);
  EXPECT_THROW(values.integer("a.array", 0, 1), Failure);
  EXPECT_THROW(values.integer("a.bool", 0, 1), Failure);
  EXPECT_THROW(values.integer("a.none", 0, 1), Failure);
  EXPECT_THROW(values.number("a.u8", 0, 255), Failure);
  EXPECT_THROW(values.number("a.f32", 0, 2), Failure);
  EXPECT_THROW(values.flag("a.u8"), Failure);
  EXPECT_THROW(values.text("a.array"), Failure);
  EXPECT_THROW(values.array("a.array", GgufType::kInt16), Failure);
  EXPECT_THROW(values.array("a.u16", GgufType::kUint16), Failure);
}

TEST_F(GgufHeaderFile, SaysWhereTensorsLie) {
  gguf::File file;
  file.entries = {gguf::u32("general.alignment", 64)};
  file.alignment = 64;
  file.tensors = {{"a", {3}, 0, std::string(12, 'a')},
                  {"b", {64, 2}, 8, std::string(2 * 68, 'b')},             // Q8_0: 34 bytes for 32
                  {"c", {256, 3, 2, 2}, 14, std::string(12 * 210, 'c')}};  // Q6_K: 210 for 256
  const std::string bytes = file.bytes();
  const GgufHeader header = read(bytes);
  ASSERT_EQ(header.tensors.size(), 3u);
  for (const GgufTensor& tensor : header.tensors) {
    EXPECT_EQ(tensor.offset, position(bytes, std::string(tensor.bytes, tensor.name[0]))) << tensor.name;
    EXPECT_EQ(tensor.offset % 64, 0u);
  }
  EXPECT_EQ(header.tensors[1].encoding, uint32_t{GROK1_ENCODING_Q8_0});
  EXPECT_EQ(header.tensors[2].encoding, uint32_t{GROK1_ENCODING_Q6_K});
  EXPECT_EQ(header.tensors[2].ne, (std::array<uint64_t, 4>{256, 3, 2, 2}));
}

// Numbers, names and bytes of a block: docs/gguf.md and ggml-common.h of ggml-org/ggml.
TEST_F(GgufHeaderFile, EveryTypeOfTensor) {
  struct Known {
    uint32_t number;
    uint64_t elements, bytes;
  };
  const std::vector<Known> known = {{0, 1, 4},      {1, 1, 2},      {2, 32, 18},   {3, 32, 20},    {6, 32, 22},
                                    {7, 32, 24},    {8, 32, 34},    {10, 256, 84}, {11, 256, 110}, {12, 256, 144},
                                    {13, 256, 176}, {14, 256, 210}, {16, 256, 66}, {17, 256, 74},  {18, 256, 98},
                                    {20, 32, 18},   {21, 256, 110}, {22, 256, 82}, {23, 256, 136}, {30, 1, 2}};
  for (const Known& type : known) {
    gguf::File file;
    file.tensors = {{"t", {type.elements * 3, 2}, type.number, std::string(type.bytes * 6, 'x')}};
    const GgufHeader header = read(file.bytes());
    ASSERT_EQ(header.tensors.size(), 1u) << type.number;
    EXPECT_EQ(header.tensors[0].bytes, type.bytes * 6) << type.number;
  }
}

TEST_F(GgufHeaderFile, MayLieInPiecesCutAnywhere) {
  gguf::File file = small_gguf();
  const std::string bytes = file.bytes();
  for (size_t cut = 0; cut <= file.header().size() + 40; ++cut) {
    const MemoryFile first(std::string_view(bytes).substr(0, cut)), second(std::string_view(bytes).substr(cut));
    const JoinedFile joined({first.path(), second.path()});
    const GgufHeader header = read_gguf_header(joined);
    ASSERT_EQ(header.values.text("general.architecture"), "grok") << cut;
    ASSERT_EQ(header.tensors.size(), file.tensors.size()) << cut;
    ASSERT_EQ(header.tensors.back().offset + header.tensors.back().bytes, bytes.size()) << cut;
  }
}

// -- Damage. Each is one change of the small model; the refusal must name the byte where the wrong part begins.

struct Damage {
  const char* name;
  std::function<std::string(gguf::File&)> apply;  // returns the part of the file at whose begin the fault lies
  grok1_status status;
  const char* words;
  uint64_t shift = 0;  // of the faulty byte behind the part's begin
};

void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}

class GgufDamage : public testing::TestWithParam<Damage> {};

TEST_P(GgufDamage, IsRefusedWithItsByte) {
  gguf::File file = small_gguf();
  const std::string part = GetParam().apply(file);
  const std::string bytes = file.bytes();
  expect_bytes_refused(bytes, GetParam().status, position(bytes, part) + GetParam().shift, GetParam().words);
}

constexpr grok1_status kBad = GROK1_E_BAD_FILE, kNot = GROK1_E_UNSUPPORTED;

std::string header_begin(gguf::File& file) {
  return file.magic;
}

// A key at the end of the others; the fault lies at its value if shift is the size of key, length and type.
Damage key(const char* name, const std::string& entry, uint64_t shift, const char* words, grok1_status status = kBad) {
  return {name, [entry](gguf::File& file) { return file.entries.push_back(entry), entry; }, status, words, shift};
}

// The first tensor's entry in the header, up to its offset.
std::string info(const gguf::Tensor& tensor) {
  std::string bytes = gguf::text(tensor.name) + number(tensor.ne.size(), 4);
  for (const uint64_t size : tensor.ne) bytes += number(size, 8);
  return bytes + number(tensor.type, 4);
}

Damage tensor(const char* name, size_t index, std::function<void(gguf::Tensor&)> change,
              std::function<uint64_t(const gguf::Tensor&)> shift_of, const char* words, grok1_status status = kBad) {
  gguf::File probe = small_gguf();
  change(probe.tensors[index]);
  const uint64_t shift = shift_of(probe.tensors[index]);
  return {name,
          [=](gguf::File& file) {
            change(file.tensors[index]);
            return info(file.tensors[index]);
          },
          status, words, shift};
}

uint64_t at_name(const gguf::Tensor&) {
  return 0;
}
uint64_t at_shape(const gguf::Tensor& tensor) {
  return 8 + tensor.name.size();
}
uint64_t at_type(const gguf::Tensor& tensor) {
  return at_shape(tensor) + 4 + 8 * tensor.ne.size();
}
uint64_t at_offset(const gguf::Tensor& tensor) {
  return at_type(tensor) + 4;
}

Damage type(const char* name, uint32_t number, const char* words, grok1_status status = kNot) {
  return tensor(
      name, 1, [number](gguf::Tensor& t) { t.type = number; }, at_type, words, status);
}

Damage shape(const char* name, size_t index, std::vector<uint64_t> ne, const char* words) {
  return tensor(
      name, index, [ne](gguf::Tensor& t) { t.ne = ne; }, at_shape, words);
}

Damage offset(const char* name, size_t index, uint64_t offset, const char* words) {
  return tensor(
      name, index, [offset](gguf::Tensor& t) { t.offset = offset; }, at_offset, words);
}

const Damage kDamages[] = {
    // Beginning
    {"magic", [](gguf::File& f) { return f.magic = "GGUG"; }, kBad, "begins with the letters GGUF"},
    {"old_magic", [](gguf::File& f) { return f.magic = "tjgg"; }, kBad, "begins with the letters GGUF"},
    {"swapped_magic", [](gguf::File& f) { return f.magic = "FUGG"; }, kBad, "begins with the letters GGUF"},
    {"version_0", [](gguf::File& f) { return f.version = 0, header_begin(f); }, kNot, "2 or 3 wanted", 4},
    {"version_1", [](gguf::File& f) { return f.version = 1, header_begin(f); }, kNot, "found 1 (of August 2023)", 4},
    {"version_4", [](gguf::File& f) { return f.version = 4, header_begin(f); }, kNot, "found 4", 4},
    {"big_endian", [](gguf::File& f) { return f.version = 3u << 24, header_begin(f); }, kNot,
     "big-endian one of version 3", 4},
    // Counts
    {"tensors_beyond_the_file", [](gguf::File& f) { return f.n_tensors = 100000, header_begin(f); }, kBad,
     "100000 tensors, but the file has only", 8},
    {"tensors_near_2_64", [](gguf::File& f) { return f.n_tensors = kHuge, header_begin(f); }, kBad,
     "at most 1048576 tensors", 8},
    {"tensors_that_wrap_in_bytes", [](gguf::File& f) { return f.n_tensors = kHuge / 33 + 2, header_begin(f); }, kBad,
     "at most 1048576 tensors", 8},
    {"keys_beyond_the_file", [](gguf::File& f) { return f.n_entries = 60000, header_begin(f); }, kBad,
     "60000 keys, but the file has only", 16},
    {"keys_near_2_63", [](gguf::File& f) { return f.n_entries = uint64_t{1} << 63, header_begin(f); }, kBad,
     "at most 65536 keys", 16},
    {"one_key_fewer",  // so that the last is read as a tensor, whose dimensions are then its value
     [](gguf::File& f) {
       f.n_entries = f.entries.size() - 1;
       return f.entries.back();
     },
     kBad, "1 to 4 dimensions wanted, found 6", 8 + 29},
    // Keys
    key("key_of_no_letters", gguf::u32("", 1), 0, "printable ASCII"),
    key("key_with_a_space", gguf::u32("a b", 1), 0, "printable ASCII"),
    key("key_with_a_nul", gguf::u32(std::string_view("a\0b", 3), 1), 0, "printable ASCII"),
    key("key_of_umlauts", gguf::u32("\xC3\xA4", 1), 0, "printable ASCII"),
    key("key_too_long", gguf::u32(std::string(65536, 'k'), 1), 0, "at most 65535 wanted, found 65536"),
    key("key_length_near_2_64", number(kHuge, 8), 0, "at most 65535 wanted"),
    key("key_twice", gguf::u32("grok.expert_count", 3), 0, "grok.expert_count: this key is there twice"),
    // Values
    key("type_13", gguf::entry("a.b", 13, number(0, 8)), 8 + 3, "a type of 0 to 12 wanted, found 13"),
    key("type_near_2_32", gguf::entry("a.b", 0xffffffff, number(0, 8)), 8 + 3, "found 4294967295"),
    key("bool_of_2", gguf::entry("a.b", 7, number(2, 1)), 8 + 3 + 4, "a bool of 0 or 1 wanted, found 2"),
    key("string_beyond_the_file", gguf::entry("a.b", 8, number(1 << 20, 8)), 15, "a length of 1048576 bytes"),
    key("string_length_near_2_64", gguf::entry("a.b", 8, number(kHuge, 8)), 15, "found 18446744073709551615"),
    key("string_length_of_2_63", gguf::entry("a.b", 8, number(uint64_t{1} << 63, 8)), 15, "at most 67108864 wanted"),
    key("string_length_that_wraps_to_here", gguf::entry("a.b", 8, number(kHuge - 7, 8)), 15, "at most 67108864"),
    key("array_of_arrays", gguf::array("a.b", 9, 1, number(4, 4) + number(0, 8)), 15, "found one of arrays", kNot),
    key("array_of_type_13", gguf::array("a.b", 13, 1, number(0, 8)), 15, "a type of 0 to 12"),
    key("array_beyond_the_file", gguf::array("a.b", 4, 1 << 20, ""), 19, "an array of 1048576 elements"),
    key("array_length_near_2_64", gguf::array("a.b", 0, kHuge, ""), 19, "an array of 18446744073709551615"),
    key("array_bytes_that_wrap", gguf::array("a.b", 10, uint64_t{1} << 61, ""), 19, "an array of 2305843009213693952"),
    key("array_bytes_that_wrap_to_4", gguf::array("a.b", 4, (uint64_t{1} << 62) + 1, ""), 19, "an array of"),
    key("strings_beyond_the_file", gguf::array("a.b", 8, 1 << 20, ""), 19, "an array of 1048576"),
    key("strings_near_2_64", gguf::array("a.b", 8, kHuge, ""), 19, "an array of"),
    key("string_in_an_array_beyond_the_file", gguf::array("a.b", 8, 2, gguf::text("x") + number(1 << 20, 8)), 27 + 9,
        "a length of 1048576 bytes"),
    key("string_in_an_array_near_2_64", gguf::array("a.b", 8, 1, number(kHuge - 3, 8)), 27, "a length of at most"),
    // Alignment
    key("alignment_0", gguf::u32("general.alignment", 0), 8 + 17 + 4, "an integer of 8 to 1048576 wanted, found 0"),
    key("alignment_4", gguf::u32("general.alignment", 4), 29, "found 4"),
    key("alignment_48", gguf::u32("general.alignment", 48), 29, "a power of two wanted, found 48"),
    key("alignment_2_31", gguf::u32("general.alignment", 1u << 31), 29, "found 2147483648"),
    key("alignment_of_text", gguf::string("general.alignment", "32"), 29, "an integer of 8 to 1048576 wanted, found string"),
    // Tensors
    tensor("name_empty", 3, [](gguf::Tensor& t) { t.name.clear(); }, at_name, "found an empty one"),
    tensor("name_of_65", 3, [](gguf::Tensor& t) { t.name = std::string(65, 'n'); }, at_name, "at most 64 wanted"),
    tensor("name_with_a_newline", 3, [](gguf::Tensor& t) { t.name[2] = '\n'; }, at_name, "printable ASCII"),
    shape("no_dimensions", 3, {}, "1 to 4 dimensions wanted, found 0"),
    shape("five_dimensions", 3, {32, 1, 1, 1, 1}, "1 to 4 dimensions wanted, found 5"),
    shape("dimension_0", 5, {32, 0}, "a dimension of 0"),
    shape("dimension_0_of_a_huge_one", 5, {kHuge, 2, 0}, "size overflow"),
    shape("elements_that_wrap", 5, {uint64_t{1} << 33, uint64_t{1} << 33}, "size overflow"),
    shape("elements_that_wrap_to_0", 5, {65536, 65536, 65536, 65536}, "size overflow"),
    shape("bytes_that_wrap", 5, {uint64_t{1} << 62}, "size overflow"),
    tensor("bytes_that_wrap_in_blocks", 5,
           [](gguf::Tensor& t) {
             t.type = 8;
             t.ne = {kHuge - 31};
           },
           at_shape, "size overflow"),
    tensor("rows_of_no_whole_blocks", 5,
           [](gguf::Tensor& t) {
             t.type = 8;
             t.ne = {48, 32};
           },
           at_shape, "a multiple of 32 elements"),
    tensor("rows_shorter_than_a_block", 5, [](gguf::Tensor& t) { t.type = 12; }, at_shape, "a multiple of 256"),
    // Types
    type("type_42", 42, "tensor type 42 is not known", kBad),
    type("tensor_type_near_2_32", 0xffffffff, "tensor type 4294967295 is not known", kBad),
    type("iq1_s", 19, "blk.0.attn_norm.weight: tensors of type IQ1_S"),
    type("iq1_m", 29, "IQ1_M"),
    type("q8_1", 9, "Q8_1"),
    type("q8_k", 15, "Q8_K"),
    type("tq1_0", 34, "TQ1_0"),
    type("mxfp4", 39, "MXFP4"),
    type("i8", 24, "type I8"),
    type("f64", 28, "F64"),
    type("q4_2", 4, "Q4_2"),
    // Offsets
    offset("offset_between_alignments", 1, 1040, "a multiple of 32 wanted, found 1040"),
    offset("offset_inside_the_one_before", 1, 992, "an offset of 1024 or more wanted"),
    offset("offset_of_the_one_before", 2, 1024, "an offset of 1152 or more wanted"),
    offset("offset_beyond_the_file", 1, 1 << 30, "do not lie in the file"),
    offset("offset_near_2_64", 1, kHuge - 31, "do not lie in the file"),
    offset("offset_that_wraps_with_the_size", 1, kHuge - 127, "do not lie in the file"),
    tensor(
        "bytes_that_wrap_with_the_offset", 1, [](gguf::Tensor& t) { t.ne = {(uint64_t{1} << 62) - 8}; }, at_offset,
        "18446744073709551584 bytes at offset 1024 do not lie in the file"),
    {"name_twice",
     [](gguf::File& f) {
       f.tensors.push_back({f.tensors.back().name, {16, 2}, 0, std::string(128, 'x')});
       return info(f.tensors.back());
     },
     kBad, "output_norm.weight is there twice"},
    {"bytes_beyond_the_file",
     [](gguf::File& f) {
       f.tensors.back().data.pop_back();
       return info(f.tensors.back());
     },
     kBad, "fetch it again", 8 + 18 + 4 + 8 + 4},
};

INSTANTIATE_TEST_SUITE_P(Kinds, GgufDamage, testing::ValuesIn(kDamages),
                         [](const auto& damage) { return std::string(damage.param.name); });

TEST(GgufDamages, AreManyKinds) {
  EXPECT_GE(std::size(kDamages), 60u);
}

TEST(GgufDamages, TellTheFirstPlaceOfNothing) {
  expect_bytes_refused("", kBad, 0, "begins with the letters GGUF");
  expect_bytes_refused("GGUF", kBad, 0, "begins with the letters GGUF");
  expect_bytes_refused(std::string("GGUF\3\0\0\0", 8), kBad, 8, "a count of 8 bytes wanted");
}

// The byte is that of the piece in which it lies.
TEST(GgufDamages, NameThePiece) {
  gguf::File file = small_gguf();
  const std::string wrong = gguf::entry("a.b", 13, number(0, 8));
  file.entries.push_back(wrong);
  const std::string bytes = file.bytes();
  const size_t at = position(bytes, wrong) + 11;
  const TemporaryFolder folder;
  folder.write("m.gguf.part1of2", bytes.substr(0, at - 100));
  const std::string second = folder.write("m.gguf.part2of2", bytes.substr(at - 100));
  expect_refused(second, kBad, 100, second + ": at byte 100: a.b: a type");
}

}  // namespace
}  // namespace grok1::test

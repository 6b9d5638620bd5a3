// What the header reader takes and what it refuses, with the byte: every rule and every limit of
// docs/formats/safetensors.md.
#include "core/formats/safetensors.h"

#include <gtest/gtest.h>

#include "core/base/failure.h"
#include "tests/unit/formats/safetensors_builder.h"

namespace grok1::test {
namespace {

std::vector<SafetensorsEntry> read(const std::string& bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());  // no byte of room behind the end
  return read_safetensors("folder/model.safetensors", std::as_bytes(std::span(exact)));
}

void expect_refused(const std::string& bytes, uint64_t offset, const std::string& reason) {
  try {
    read(bytes);
    ADD_FAILURE() << "accepted; wanted: " << reason;
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_BAD_FILE);
    EXPECT_EQ(failure.source(), uint32_t{GROK1_SOURCE_FILE});
    EXPECT_EQ(failure.offset(), offset) << failure.message();
    EXPECT_EQ(failure.message().rfind("folder/model.safetensors: at byte ", 0), 0u) << failure.message();
    EXPECT_NE(failure.message().find(reason), std::string::npos) << failure.message() << "\nlacks: " << reason;
  }
}

// `^` in the header marks the byte at fault; it is taken out.
void expect_header_refused(std::string header, const std::string& reason, uint64_t payload = 24) {
  const size_t mark = header.find('^');
  ASSERT_NE(mark, std::string::npos) << header;
  header.erase(mark, 1);
  SCOPED_TRACE(header.substr(0, 300));
  expect_refused(safetensors_file(header, payload), 8 + mark, reason);
}

// One tensor "a" of F32 [2, 3] whose entry's value is given.
void expect_entry_refused(const std::string& value, const std::string& reason, uint64_t payload = 24) {
  expect_header_refused("{\"a\":" + value + "}", reason, payload);
}

const std::string kA = safetensors_entry("a", "F32", "2,3", 0, 24);

TEST(Safetensors, ReadsNamesTypesShapesAndPlaces) {
  const std::string header = "{\"__metadata__\":{\"format\":\"pt\"}," + kA + "," +
                             safetensors_entry("b.c", "BF16", "4", 24, 32) + "," +
                             safetensors_entry("d", "F16", "1,2,1,2", 32, 40) + "}  ";
  const std::vector<SafetensorsEntry> entries = read(safetensors_file(header, 40));
  ASSERT_EQ(entries.size(), 3u);
  const uint64_t begin = 8 + header.size();
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[0].dtype, "F32");
  EXPECT_EQ(entries[0].encoding, uint32_t{GROK1_ENCODING_F32});
  EXPECT_EQ(entries[0].rank, 2u);
  EXPECT_EQ(entries[0].shape, (std::array<uint64_t, 4>{2, 3, 0, 0}));
  EXPECT_EQ(entries[0].offset, begin);
  EXPECT_EQ(entries[0].bytes, 24u);
  EXPECT_EQ(entries[0].name_at, 8 + header.find("\"a\""));
  EXPECT_EQ(entries[0].dtype_at, 8 + header.find("\"F32\""));
  EXPECT_EQ(entries[0].shape_at, 8 + header.find("[2,3]"));
  EXPECT_EQ(entries[1].encoding, uint32_t{GROK1_ENCODING_BF16});
  EXPECT_EQ(entries[1].rank, 1u);
  EXPECT_EQ(entries[1].offset, begin + 24);
  EXPECT_EQ(entries[2].encoding, uint32_t{GROK1_ENCODING_F16});
  EXPECT_EQ(entries[2].shape, (std::array<uint64_t, 4>{1, 2, 1, 2}));
  EXPECT_EQ(entries[2].offset, begin + 32);
}

TEST(Safetensors, ReadsWhatIsUnusualButRight) {
  EXPECT_TRUE(read(safetensors_file("{}", 0)).empty());
  EXPECT_TRUE(read(safetensors_file("{\"__metadata__\":{}}", 0)).empty());
  // Keys in another order, spaces everywhere, escapes, other metadata.
  const std::string odd =
      "{\t\"__metadata__\" :\n{\"a\":\"\\u0000\", \"b\":\"\xc3\xa9\"} , \"\\u0061\" : { \"data_offsets\" : [ 0 , 24 ] "
      ",\r\n \"shape\":[ 2, 3 ], \"dtype\" :\"F32\"} }    ";
  ASSERT_EQ(read(safetensors_file(odd, 24)).size(), 1u);
  EXPECT_EQ(read(safetensors_file(odd, 24))[0].name, "a");
  // Entries in another order than payloads, and one without elements between them.
  const auto entries = read(safetensors_file("{" + safetensors_entry("z", "F32", "1", 4, 8) + "," +
                                                 safetensors_entry("e", "F32", "3,0", 4, 4) + "," +
                                                 safetensors_entry("y", "F32", "", 0, 4) + "}",
                                             8));
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].name + entries[1].name + entries[2].name, "yez");
  EXPECT_EQ(entries[0].rank, 0u);
}

// Sizes as the format's own package has them.
TEST(Safetensors, KnowsEveryTypeAndUsesThree) {
  const std::pair<const char*, uint64_t> types[] = {
      {"BOOL", 8},        {"U8", 8},          {"I8", 8},    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8},
      {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"F4", 4},    {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"I16", 16},
      {"U16", 16},        {"F16", 16},        {"BF16", 16}, {"I32", 32},    {"U32", 32},    {"F32", 32},
      {"F64", 64},        {"I64", 64},        {"U64", 64},  {"C64", 64}};
  for (const auto& [type, bits] : types) {
    const auto entries = read(safetensors_file("{" + safetensors_entry("a", type, "2,8", 0, 2 * bits) + "}", 2 * bits));
    ASSERT_EQ(entries.size(), 1u);
    const std::string name = type;
    EXPECT_EQ(entries[0].encoding != GROK1_ENCODING_NONE, name == "F32" || name == "F16" || name == "BF16") << name;
    EXPECT_EQ(entries[0].dtype, name);
  }
}

TEST(Safetensors, TheLengthIsCheckedBeforeAnythingElse) {
  for (size_t size = 0; size < 8; ++size) {
    expect_refused(length_of_header(2).substr(0, size), 0, "8 bytes wanted, found a file of " + std::to_string(size));
  }
  const std::string file = safetensors_file("{" + kA + "}", 24);
  const auto with_length = [&](uint64_t length) { return length_of_header(length) + file.substr(8); };
  expect_refused(with_length(100'000'001), 0, "at most 100000000 bytes wanted");
  expect_refused(with_length(UINT64_MAX), 0, "at most 100000000 bytes wanted");
  expect_refused(with_length(uint64_t{1} << 63), 0, "at most 100000000 bytes wanted");
  expect_refused(with_length(100'000'000), 0, "a header of 100000000 bytes wanted");
  expect_refused(with_length(file.size() - 7), 0, "was cut short");
  expect_refused(with_length(0), 8, "a JSON object wanted");
  expect_refused(length_of_header(0), 8, "a JSON object wanted");
  // One byte off either way: half a JSON, and a payload byte behind it.
  expect_refused(with_length(file.size() - 8 - 24 - 1), 8 + ("{" + kA).size(), "its end too early");
  expect_refused(with_length(file.size() - 8 - 24 + 1), file.size() - 24, "only spaces wanted behind");
}

TEST(Safetensors, TheHeaderIsOneObject) {
  expect_header_refused("^", "a JSON object wanted", 0);
  expect_header_refused("^[]", "a JSON object wanted");
  expect_header_refused("^null", "a JSON object wanted");
  expect_header_refused("^\"text\"", "a JSON object wanted");
  expect_header_refused("^ {}", "a JSON object wanted");
  expect_header_refused("^\xef\xbb\xbf{}", "a JSON object wanted");  // a byte order mark
  expect_header_refused("{}^{}", "only spaces wanted behind");
  expect_header_refused("{}  ^\n", "only spaces wanted behind");
  expect_header_refused("{}^,", "only spaces wanted behind");
  expect_header_refused("{" + kA + "}^]", "only spaces wanted behind");
}

TEST(Safetensors, TheHeaderIsJson) {
  expect_header_refused("{^", "its end too early");
  expect_header_refused("{\"a\"^", "its end too early");
  expect_header_refused("{\"a^", "its end too early");
  expect_header_refused("{" + kA + ",^}", "a syntax error");
  expect_header_refused("{^,}", "a syntax error");
  expect_header_refused("{^a:1}", "a syntax error");
  expect_header_refused("{^'a':1}", "a syntax error");
  expect_header_refused("{\"a\"^{}}", "a syntax error");
  expect_header_refused("{^/* why */}", "a syntax error");
  expect_header_refused("{\"a^\xff\":{}}", "a syntax error");
  expect_header_refused("{\"a\xc3^\":{}}", "a syntax error");  // a quotation mark inside a character
  expect_header_refused("{\"a\xed^\xa0\x80\":{}}", "a syntax error");
  expect_header_refused("{\"a^\n\":{}}", "a syntax error");
  expect_header_refused("{\"a\\^x\":{}}", "a syntax error");
  expect_header_refused("{\"a\\u12^g0\":{}}", "a syntax error");
  expect_header_refused("{\"a\\ud800^\":{}}", "a syntax error");
  expect_header_refused(std::string("{^\0}", 4), "a NUL byte");
  expect_header_refused("{" + kA + "}" + std::string("^\0rest", 6), "a NUL byte");
  expect_header_refused(std::string("{\"^\0\":{}}", 10), "a NUL byte");
}

TEST(Safetensors, NamesComeOnce) {
  expect_header_refused("{" + kA + ",^" + kA + "}", "'a' again");
  expect_header_refused("{" + kA + ",^\"\\u0061\":{}}", "'a' again");
  expect_header_refused("{\"__metadata__\":{},^\"__metadata__\":{}}", "'__metadata__' again");
  expect_header_refused("{\"__metadata__\":{\"k\":\"1\", ^\"k\":\"1\"}}", "'k' again");
  expect_entry_refused(R"({"dtype":"F32",^"dtype":"F32","shape":[2,3],"data_offsets":[0,24]})", "'dtype' again");
  expect_entry_refused(R"({"dtype":"F32","shape":[2,3],^"shape":[2,3],"data_offsets":[0,24]})", "'shape' again");
  expect_entry_refused(R"({"data_offsets":[0,24],"dtype":"F32","shape":[2,3], ^"data_offsets":[0,24]})",
                       "'data_offsets' again");
}

TEST(Safetensors, NamesAreShortAndPrintable) {
  const auto named = [](const std::string& name) { return "{^" + safetensors_entry(name, "F32", "2,3", 0, 24) + "}"; };
  const std::string longest(256, 'n');
  EXPECT_EQ(read(safetensors_file("{" + safetensors_entry(longest, "F32", "2,3", 0, 24) + "}", 24))[0].name, longest);
  for (const std::string& name : {longest + "n", std::string(), std::string("a\\nb"), std::string("\\u001b[31m"),
                                  std::string("\\u0000"), std::string("\x7f")}) {
    expect_header_refused(named(name), "a tensor's name of 1 to 256 bytes");
  }
}

TEST(Safetensors, MetadataIsStrings) {
  for (const char* value : {"^1", "^-1", "^1.5", "^null", "^true", "^[]", "^{}"}) {
    expect_header_refused("{\"__metadata__\":{\"k\":" + std::string(value) + "}}", "strings only wanted");
    expect_header_refused("{\"__metadata__\":" + std::string(value == std::string("^{}") ? "^[]" : value) + "}",
                          "an object wanted for '__metadata__'");
  }
  expect_header_refused("{\"__metadata__\":^\"text\"}", "an object wanted for '__metadata__', found a string");
}

TEST(Safetensors, EntriesAreObjects) {
  for (const char* value : {"^1", "^-1", "^1.5", "^null", "^true", "^[]", "^\"F32\""}) {
    expect_entry_refused(value, "an object wanted for 'a'");
  }
  expect_entry_refused("{^}", "dtype wanted for 'a', found none");
  expect_entry_refused(R"({"shape":[2,3],"data_offsets":[0,24]^})", "dtype wanted for 'a', found none");
  expect_entry_refused(R"({"dtype":"F32","data_offsets":[0,24]^})", "shape wanted for 'a', found none");
  expect_entry_refused(R"({"dtype":"F32","shape":[2,3] ^})", "data_offsets wanted for 'a', found none");
  expect_entry_refused(R"({"dtype":"F32","shape":[2,3],"data_offsets":[0,24], ^"offset":0})",
                       "dtype, shape or data_offsets wanted, found 'offset'");
  expect_entry_refused(R"({^"Dtype":"F32"})", "found 'Dtype'");
}

TEST(Safetensors, TypesAreKnown) {
  for (const char* type : {"", "f32", "F32 ", "F31", "F8", "BFLOAT16", "Q8_0"}) {
    expect_entry_refused(std::string(R"({"shape":[2,3],"dtype": ^")") + type + R"(","data_offsets":[0,24]})",
                         std::string("a type of the format wanted, found '") + type + "'");
  }
  for (const char* value : {"^32", "^-1", "^1.5", "^null", "^false", "^{}", "^[\"F32\"]"}) {
    expect_entry_refused(std::string(R"({"shape":[2,3],"dtype":)") + value + R"(,"data_offsets":[0,24]})",
                         "a string wanted for dtype");
  }
}

TEST(Safetensors, ShapesAreFourUnsignedNumbersAtMost) {
  const auto shaped = [](const std::string& shape) {
    return R"({"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,24]})";
  };
  for (const char* value : {"^6", "^-1", "^null", "^true", "^{}", "^\"2,3\""}) {
    expect_entry_refused(shaped(value), "an array wanted for shape");
  }
  for (const char* value :
       {"^-3", "^-0", "^3.0", "^3e0", "^1e400", "^18446744073709551616", "^null", "^true", "^\"3\"", "^[3]", "^{}"}) {
    expect_entry_refused(shaped("[2, " + std::string(value) + "]"), "an unsigned integer wanted");
  }
  expect_entry_refused(shaped("[1,1,1,2,^3]"), "at most 4 dimensions");
  expect_entry_refused(shaped("[2,0^3]"), "a syntax error");
  // The product wraps to 6 elements, to 24 bytes, or not at all; the data is what it says.
  expect_entry_refused(shaped("^[4294967296,4294967296]"), "too large");
  expect_entry_refused(shaped("^[18446744073709551615,18446744073709551615]"), "too large");
  expect_entry_refused(shaped("^[576460752303423489,32]"), "too large");
  expect_entry_refused(shaped("^[288230376151711745,2,3]"), "too large");
}

TEST(Safetensors, OffsetsAreTwoAndFitTheShape) {
  const auto placed = [](const std::string& offsets) {
    return R"({"dtype":"F32","shape":[2,3],"data_offsets":)" + offsets + "}";
  };
  for (const char* value : {"^24", "^-1", "^null", "^{}", "^\"0,24\""}) {
    expect_entry_refused(placed(value), "an array wanted for data_offsets");
  }
  for (const char* value : {"^-24", "^24.0", "^18446744073709551616", "^null", "^\"24\"", "^[24]", "^{}"}) {
    expect_entry_refused(placed("[0," + std::string(value) + "]"), "an unsigned integer wanted");
  }
  expect_entry_refused(placed("[^]"), "two data_offsets wanted, found 0");
  expect_entry_refused(placed("[0 ^]"), "two data_offsets wanted, found 1");
  expect_entry_refused(placed("[0,24,^24]"), "two data_offsets wanted, found more");
  expect_entry_refused(placed("^[24,0]"), "an end behind the begin 24 wanted, found 0");
  expect_entry_refused(placed("^[0,25]"), "found one that ends at 25");
  expect_entry_refused(placed("^[0,18446744073709551615]"), "was cut short");
  expect_entry_refused(placed("^[18446744073709551592,18446744073709551615]"), "was cut short");
  expect_entry_refused(placed("^[0,23]"), "192 bits of data wanted by the tensor's shape and type, found 23 bytes");
  expect_entry_refused(placed("^[1,24]"), "found 23 bytes");
  expect_entry_refused(placed("^[0,0]"), "found 0 bytes");
  expect_entry_refused(placed("^[0,24]"), "found one that ends at 24", 23);
  // Three numbers of four bits are no whole bytes.
  expect_entry_refused(R"({"dtype":"F4","shape":[3],"data_offsets":^[0,1]})", "12 bits of data wanted", 1);
  expect_entry_refused(R"({"dtype":"F4","shape":[3],"data_offsets":^[0,2]})", "12 bits of data wanted", 2);
}

TEST(Safetensors, PayloadsCoverTheFile) {
  const auto b = [](uint64_t begin, uint64_t end, bool marked = false) {
    std::string text = safetensors_entry("b", "F32", "2", begin, end);
    if (marked) text.insert(text.find("[" + std::to_string(begin)), "^");
    return text;
  };
  EXPECT_EQ(read(safetensors_file("{" + kA + "," + b(24, 32) + "}", 32)).size(), 2u);
  expect_header_refused("{" + kA + "," + b(28, 36, true) + "}", "at 24, wanted, found 28", 36);  // a hole
  expect_header_refused("{" + kA + "," + b(20, 28, true) + "}", "at 24, wanted, found 20", 28);  // an overlap
  expect_header_refused("{" + kA.substr(0, kA.size() - 7) + "^[0,24]}," + b(0, 8) + "}", "at 8, wanted, found 0", 24);
  expect_header_refused("{" + b(8, 16, true) + "}", "at 0, wanted, found 8", 16);
  // Bytes that no tensor has: the fault is the first of them.
  const std::string header = "{" + kA + "}";
  expect_refused(safetensors_file(header, 25), 8 + header.size() + 24, "found 1 bytes more");
  expect_refused(safetensors_file("{}", 1), 10, "found 1 bytes more");
  // The same tensor twice under two names.
  expect_header_refused("{" + kA + "," + R"("b":{"dtype":"F32","shape":[6],"data_offsets":^[0,24]})" + "}",
                        "at 24, wanted, found 0", 24);
}

TEST(Safetensors, DepthIsBounded) {
  const std::string deep(1 << 20, '[');
  expect_entry_refused("^" + deep, "an object wanted for 'a'");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  expect_header_refused("{\"a\":{^\"a\":" + objects, "found 'a'");
  expect_header_refused("{\"__metadata__\":{\"a\":^" + objects, "strings only");
  expect_entry_refused("{\"shape\":[^" + deep, "an unsigned integer wanted, found an array");
}

// A header as large as Grok-1's own, and many times as large.
TEST(Safetensors, ManyTensorsTakeNoTime) {
  std::string header = "{";
  constexpr uint64_t kMany = 100'000;
  for (uint64_t i = 0; i < kMany; ++i) {
    if (i > 0) header += ',';
    header += safetensors_entry("model.layers." + std::to_string(kMany - i) + ".w", "BF16", "1", 2 * i, 2 * i + 2);
  }
  EXPECT_EQ(read(safetensors_file(header + "}", 2 * kMany)).size(), kMany);
}

}  // namespace
}  // namespace grok1::test

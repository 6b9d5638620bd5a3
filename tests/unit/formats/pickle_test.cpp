// What the pickle walker takes and what it refuses: every rule and every limit of docs/formats/ckpt-0.md, from both
// sides.
#include "core/formats/pickle.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/failure.h"
#include "tests/unit/formats/pickle_builder.h"

namespace grok1::test {
namespace {

Pickle read(const std::string& bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());  // no byte of room behind the end
  return read_pickle("folder/tensor00042_000", std::as_bytes(std::span(exact)));
}

// The pickle must be refused because of the byte at `offset`.
void expect_refused(const std::string& bytes, uint64_t offset, const std::string& reason) {
  try {
    read(bytes);
    ADD_FAILURE() << "accepted; wanted: " << reason;
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_BAD_FILE);
    EXPECT_EQ(failure.source(), uint32_t{GROK1_SOURCE_FILE});
    EXPECT_EQ(failure.offset(), offset) << failure.message();
    EXPECT_NE(failure.message().find("folder/tensor00042_000: at byte "), std::string::npos) << failure.message();
    EXPECT_NE(failure.message().find(reason), std::string::npos) << failure.message();
  }
}

// Where a part first occurs.
uint64_t position(const std::string& bytes, const std::string& part) {
  const size_t found = bytes.find(part);
  EXPECT_NE(found, std::string::npos);
  return found;
}

const std::vector<int64_t> kShape{2, 3};

TEST(Pickle, ReadsAPlainArray) {
  const std::string bytes = plain_pickle(array(f32(), kShape, 4));
  const Pickle pickle = read(bytes);
  EXPECT_FALSE(pickle.scales.has_value());
  EXPECT_EQ(pickle.weight.encoding, uint32_t{GROK1_ENCODING_F32});
  EXPECT_EQ(pickle.weight.rank, 2u);
  EXPECT_EQ(pickle.weight.shape, (std::array<uint64_t, 4>{2, 3, 0, 0}));
  EXPECT_EQ(pickle.weight.offset, position(bytes, payload_header(24)) + 9);
  EXPECT_EQ(pickle.weight.bytes, 24u);
}

TEST(Pickle, ReadsAQuantizedWeight) {
  const std::string bytes = quantized_pickle(array(i8(), {2, 8, 4}, 1), array(bf16(), {2, 2, 4}, 2));
  const Pickle pickle = read(bytes);
  EXPECT_EQ(pickle.weight.encoding, uint32_t{GROK1_ENCODING_I8});
  EXPECT_EQ(pickle.weight.shape, (std::array<uint64_t, 4>{2, 8, 4, 0}));
  EXPECT_EQ(pickle.weight.bytes, 64u);
  ASSERT_TRUE(pickle.scales.has_value());
  EXPECT_EQ(pickle.scales->encoding, uint32_t{GROK1_ENCODING_BF16});
  EXPECT_EQ(pickle.scales->shape, (std::array<uint64_t, 4>{2, 2, 4, 0}));
  EXPECT_EQ(pickle.scales->offset, position(bytes, payload_header(32)) + 9);
}

TEST(Pickle, ReadsEveryTypeInEitherPlace) {
  for (const auto& [dtype, item] : {std::pair(f32(), 4u), std::pair(bf16(), 2u), std::pair(i8(), 1u)}) {
    EXPECT_EQ(read(plain_pickle(array(dtype, kShape, item))).weight.bytes, 6u * item);
    EXPECT_EQ(read(quantized_pickle(array(i8(), kShape, 1), array(dtype, kShape, item))).scales->bytes, 6u * item);
    EXPECT_EQ(read(quantized_pickle(array(dtype, kShape, item), array(f32(), kShape, 4))).weight.bytes, 6u * item);
  }
}

TEST(Pickle, KnowsBfloat16UnderSeveralModules) {
  for (const char* module : {"ml_dtypes", "jax.numpy", "jaxlib", "jaxlib.xla_extension"}) {
    EXPECT_EQ(read(plain_pickle(array(bf16(module), kShape, 2))).weight.encoding, uint32_t{GROK1_ENCODING_BF16});
  }
  const std::string other = plain_pickle(array(bf16("os"), kShape, 2));
  expect_refused(other, position(other, text("os")) + (text("os") + text("bfloat16")).size(), "'bfloat16' of 'os'");
}

TEST(Pickle, TakesAllThreeWaysToGiveBytes) {
  ArrayParts parts = array(i8(), {5}, 1);
  for (const std::string& payload :
       {std::string("C\x05") + "hello", "B" + little_endian(5, 4) + "hello", payload_header(5) + "hello"}) {
    parts.payload = payload;
    EXPECT_EQ(read(plain_pickle(parts)).weight.bytes, 5u);
  }
}

// Python's pickletools counts the same 26 and BINBYTES8; PROTO is right at the start only.
TEST(Pickle, RefusesEveryOtherOpcode) {
  const std::set<int> allowed{0x95, 0x8c, 0x94, 0x93, 'h', 'J', 'K', 'M',  'C',  'B', 0x8e, '(', 't',
                              0x85, 0x86, 0x87, ')',  '}', 'u', 'N', 0x88, 0x89, 'R', 0x81, 'b', '.'};
  for (int opcode = 0; opcode < 256; ++opcode) {
    const std::string bytes = kProto + "N" + static_cast<char>(opcode) + std::string(600, '\0');
    if (allowed.count(opcode) == 0) {
      expect_refused(bytes, 3, "is not allowed in a checkpoint");
      continue;
    }
    try {
      read(bytes);
      ADD_FAILURE() << "opcode " << opcode;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.message().find(fmt::format("opcode {:#04x} is not allowed", opcode)), std::string::npos);
    }
  }
}

TEST(Pickle, RefusesOtherProtocols) {
  for (int protocol : {0, 1, 2, 3, 5, 255}) {
    std::string bytes = plain_pickle(array(f32(), kShape, 4));
    bytes[1] = static_cast<char>(protocol);
    expect_refused(bytes, 0, "protocol 4");
  }
  expect_refused("", 0, "protocol 4");
  expect_refused("\x80", 0, "protocol 4");
}

TEST(Pickle, NamesNothingElse) {
  for (const auto& [module, name] : {std::pair("os", "system"), std::pair("builtins", "eval"),
                                     std::pair("numpy", "core.multiarray"), std::pair("numpy", "ndarray.tobytes"),
                                     std::pair("numpy", "Ndarray"), std::pair("numpy._core.multiarray", "_reconstruct"),
                                     std::pair("__main__", "QuantizedWeight8bi"), std::pair("", "")}) {
    const std::string bytes = kProto + global(module, name) + ".";
    expect_refused(bytes, bytes.size() - 2, "it is refused");
  }
  expect_refused(kProto + text("os\n") + text("\xff\x01") + "\x93.", 2 + 5 + 4,
                 "'?"
                 "?' of 'os?'");
  expect_refused(kProto + integer(1) + text("ndarray") + "\x93.", 2 + 5 + 9, "wants two strings");
}

TEST(Pickle, CallsNothingElse) {
  const std::string ndarray = global("numpy", "ndarray"), weight = global("__main__", "QuantizedWeight8bit");
  for (const std::string& callable : {ndarray, weight, std::string("N"), text("f4"), tuple({1})}) {
    const std::string bytes = kProto + callable + ")R.";
    expect_refused(bytes, bytes.size() - 2, "REDUCE may call");
  }
  for (const std::string& type : {ndarray, global("numpy", "dtype"), std::string("N")}) {
    const std::string bytes = kProto + type + ")\x81.";
    expect_refused(bytes, bytes.size() - 2, "NEWOBJ may make");
  }
  const std::string with_argument = kProto + weight + tuple({1}) + "\x81.";
  expect_refused(with_argument, with_argument.size() - 2, "NEWOBJ may make");
  const std::string not_a_tuple = kProto + weight + "N\x81.";
  expect_refused(not_a_tuple, not_a_tuple.size() - 2, "NEWOBJ may make");
}

TEST(Pickle, ReconstructTakesTheUsualArgumentsOnly) {
  const std::string ndarray = global("numpy", "ndarray"), zero = tuple({0}),
                    b = "C\x01"
                        "b";
  for (const std::string& arguments :
       {std::string(")"), ndarray + zero + "\x86", zero + zero + b + "\x87", ndarray + tuple({1}) + b + "\x87",
        ndarray + tuple({0, 0}) + b + "\x87",
        ndarray + zero +
            "C\x01"
            "c" +
            "\x87",
        ndarray + zero + text("b") + "\x87", ndarray + "\x89\x85" + b + "\x87", std::string("N")}) {
    ArrayParts parts = array(f32(), kShape, 4);
    parts.arguments = arguments;
    const std::string bytes = plain_pickle(parts);
    expect_refused(bytes, 2 + parts.reconstruct.size() + arguments.size(), "_reconstruct wants");
  }
}

TEST(Pickle, KnowsNoOtherType) {
  const auto state = dtype_state("<", -1, 0);
  for (const std::string& type : {text("f8"), text("f2"), text("i4"), text("O8"), text("V8"), text("<f4"), text(""),
                                  std::string("N"), integer(4), global("numpy", "ndarray")}) {
    const std::string bytes = plain_pickle(array(dtype_of(type, state), kShape, 4));
    expect_refused(bytes,
                   position(bytes, global("numpy", "dtype") + type) + global("numpy", "dtype").size() + type.size() + 3,
                   "i1, f4 or bfloat16 wanted");
  }
}

TEST(Pickle, TypesWantTheirOwnState) {
  const auto refused = [](const std::string& type, const std::string& state) {
    const std::string dtype = dtype_of(type, state), bytes = plain_pickle(array(dtype, kShape, 4));
    expect_refused(bytes, position(bytes, dtype) + dtype.size() - 1, "wants the state");
  };
  const std::string bfloat16 = global("ml_dtypes", "bfloat16");
  refused(text("f4"), dtype_state(">", -1, 0));
  refused(text("f4"), dtype_state("|", -1, 0));
  refused(text("f4"), dtype_state("=", -1, 0));
  refused(text("f4"), dtype_state("<", 4, 0));
  refused(text("f4"), dtype_state("<", -1, 63));
  refused(text("i1"), dtype_state("<", -1, 0));
  refused(bfloat16, dtype_state("<", -1, 0));
  refused(bfloat16, dtype_state(">", 2, 64));
  refused(bfloat16, dtype_state("<", 2, 0));
  refused(text("f4"), dtype_state("<", -1, 0) + "N");
  refused(text("f4"), integer(4) + text("<") + "NNN" + integer(-1) + integer(-1) + integer(0));
  refused(text("f4"), integer(3) + text("<") + "NN" + text("x") + integer(-1) + integer(-1) + integer(0));
  refused(text("f4"), "");
}

TEST(Pickle, ArraysWantTheUsualState) {
  const auto refused = [](ArrayParts parts, const char* reason = "an array wants the state") {
    const std::string bytes = plain_pickle(parts);
    expect_refused(bytes, bytes.size() - 2, reason);
  };
  ArrayParts parts = array(f32(), kShape, 4);
  parts.version = integer(2);
  refused(parts);
  parts = array(f32(), kShape, 4);
  parts.fortran = "\x88";
  refused(parts);
  parts.fortran = "";
  refused(parts);
  parts = array(f32(), kShape, 4);
  parts.dtype = text("f4");
  refused(parts);
  parts.dtype = global("numpy", "dtype") + text("f4") + "\x89\x88\x87R";  // without its state
  refused(parts);
  parts = array(f32(), kShape, 4);
  parts.payload = text("x");
  refused(parts);
  parts = array(f32(), kShape, 4);
  parts.shape = integer(6);
  refused(parts);
  parts = array(f32(), kShape, 4);
  const std::string state = "(" + parts.version + parts.shape + parts.dtype + parts.fortran + parts.payload + "t";
  parts.end = "tb" + state + "b";  // a second state
  refused(parts);
}

TEST(Pickle, ShapeAndBytesMustAgree) {
  for (const uint64_t size : {0u, 23u, 25u}) {
    ArrayParts parts = array(f32(), kShape, 4);
    parts.payload = payload_header(size) + std::string(size, 'x');
    expect_refused(plain_pickle(parts), 2 + parts.header().size(), "24 bytes of data wanted");
  }
  ArrayParts empty = array(f32(), {0, 3}, 4);
  EXPECT_EQ(read(plain_pickle(empty)).weight.bytes, 0u);
}

TEST(Pickle, DimensionsAreChecked) {
  ArrayParts parts = array(i8(), {}, 1);
  const uint64_t shape_at = 2 + parts.reconstruct.size() + parts.arguments.size() + 2 + parts.version.size();
  parts.shape = tuple({-1, -6});
  expect_refused(plain_pickle(parts), shape_at + 1, "0 or more");
  parts.shape = "(" + text("6") + "t";
  expect_refused(plain_pickle(parts), shape_at + 1, "a dimension wants an integer");
  parts.shape = "(\x88t";  // True is no size
  expect_refused(plain_pickle(parts), shape_at + 1, "a dimension wants an integer");
  const int64_t big = 0x7fffffff;
  parts.shape = tuple({big, big, big});
  expect_refused(plain_pickle(parts), shape_at + parts.shape.size() - 1, "too large");
  // 2^16 * 2^16 * 2^16 * 2^16 is 0 modulo 2^64.
  parts.shape = tuple({65536, 65536, 65536, 65536});
  expect_refused(plain_pickle(parts), shape_at + parts.shape.size() - 1, "too large");
}

TEST(Pickle, RankIsAtMostFour) {
  EXPECT_EQ(read(plain_pickle(array(i8(), {1, 2, 1, 2}, 1))).weight.rank, 4u);
  EXPECT_EQ(read(plain_pickle(array(i8(), {}, 1))).weight.rank, 0u);
  const ArrayParts five = array(i8(), {1, 2, 1, 2, 1}, 1);
  const std::string bytes = plain_pickle(five);
  expect_refused(bytes, position(bytes, five.shape) + five.shape.size() - 1, "at most 4 dimensions");
}

TEST(Pickle, StringsHaveAtMost64Bytes) {
  expect_refused(kProto + text(std::string(64, 'a')) + "Q", 2 + 66, "0x51 is not allowed");
  expect_refused(kProto + text(std::string(65, 'a')) + "Q", 2, "a string of at most 64 bytes");
}

TEST(Pickle, StackHoldsAtMost32) {
  expect_refused(kProto + std::string(32, 'N') + "Q", 2 + 32, "0x51 is not allowed");
  expect_refused(kProto + std::string(33, 'N') + "Q", 2 + 32, "a stack of at most 32");
  expect_refused(kProto + std::string(33, '(') + "Q", 2 + 32, "a stack of at most 32");
}

TEST(Pickle, MemoHoldsAtMost64) {
  const std::string bytes = kProto + array(f32(), kShape, 4).bytes();
  EXPECT_EQ(read(bytes + std::string(64, '\x94') + ".").weight.bytes, 24u);
  expect_refused(bytes + std::string(65, '\x94') + ".", bytes.size() + 64, "a memo of at most 64");
}

TEST(Pickle, HasAtMost512Opcodes) {
  // The hand-made array has 38 opcodes, counted here: a frame of no bytes is an opcode that does nothing.
  const std::string bytes = kProto + array(f32(), {6}, 4).bytes();
  std::string padded = bytes;
  size_t accepted = 0;
  for (; accepted < 600; ++accepted) {
    try {
      read(padded + ".");
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.offset(), padded.size()) << failure.message();
      EXPECT_NE(failure.message().find("at most 512 opcodes"), std::string::npos) << failure.message();
      break;
    }
    padded += frame(0);
  }
  // PROTO; _reconstruct 3, ndarray 3, 0, TUPLE1, b'b', TUPLE3, REDUCE; MARK, 1, MARK, 6, TUPLE; dtype 3, 'f4', False,
  // True, TUPLE3, REDUCE, MARK, 3, '<', None x 3, -1, -1, 0, TUPLE, BUILD; False, bytes, TUPLE, BUILD; STOP.
  const size_t own = 1 + 3 + 3 + 5 + 5 + 3 + 5 + 11 + 4 + 1;
  EXPECT_EQ(accepted + own, 513u);
}

TEST(Pickle, IsOneObjectUpToTheLastByte) {
  const std::string one = array(f32(), kShape, 4).bytes();
  expect_refused(kProto + one + one + ".", 2 + 2 * one.size(), "exactly one object");
  expect_refused(kProto + "(" + one + ".", 3 + one.size(), "exactly one object");
  expect_refused(kProto + one + "..", 2 + one.size() + 1, "1 bytes more");
  expect_refused(kProto + ".", 2, "wants a value");
  expect_refused(kProto + "(.", 3, "wants a value");
  expect_refused(kProto + "N.", 3, "an array or a QuantizedWeight8bit");
  expect_refused(kProto + f32() + ".", 2 + f32().size(), "an array or a QuantizedWeight8bit");
  expect_refused(kProto + kNewQuantized + ".", 2 + kNewQuantized.size(), "an array or a QuantizedWeight8bit");
  ArrayParts empty = array(f32(), kShape, 4);
  const std::string unbuilt = kProto + empty.reconstruct + empty.arguments + "R";
  expect_refused(unbuilt + ".", unbuilt.size(), "an array or a QuantizedWeight8bit");
}

TEST(Pickle, QuantizedWantsWeightAndScalesInThisOrder) {
  const std::string w = array(i8(), kShape, 1).bytes(), s = array(f32(), kShape, 4).bytes();
  const auto refused = [](const std::string& items, const char* reason = "exactly two arrays") {
    const std::string bytes = kProto + kNewQuantized + "}" + items;
    expect_refused(bytes + "b.", bytes.size() - 1, reason);
  };
  refused("(" + text("scales") + s + text("weight") + w + "u");
  refused("(" + text("weight") + w + "u");
  refused("(u");
  refused("(" + text("weight") + w + text("scales") + "u");
  refused("(" + text("weight") + w + text("scales") + "Nu");
  refused("(" + text("weight") + w + text("scales") + s + text("more") + s + "u");
  const std::string both = "(" + text("weight") + w + text("scales") + s + "u";
  refused(both + both);
  const ArrayParts parts = array(i8(), kShape, 1);
  refused("(" + text("weight") + parts.reconstruct + parts.arguments + "R" + text("scales") + s + "u");
  const std::string no_dict = kProto + "N" + both;
  expect_refused(no_dict, no_dict.size() - 1, "SETITEMS wants a dict");
  for (const std::string& state : {std::string("}"), std::string("N"), tuple({1, 2})}) {
    const std::string bytes = kProto + kNewQuantized + state;
    expect_refused(bytes + "b.", bytes.size(), "wants one state");
  }
  const std::string twice = kProto + kNewQuantized + "}" + both + "b}" + both;
  expect_refused(twice + "b.", twice.size(), "wants one state");
  const std::string nothing_to_build = kProto + "N" + tuple({1});
  expect_refused(nothing_to_build + "b.", nothing_to_build.size(), "BUILD wants");
}

TEST(Pickle, MemoMustHoldWhatIsFetched) {
  expect_refused(kProto + std::string("h\0.", 3), 2, "the memo has 0");
  expect_refused(kProto + "N\x94h\x01.", 4, "the memo has 1");
  expect_refused(kProto + "\x94.", 2, "wants a value");
  expect_refused(kProto + "(\x94.", 3, "wants a value");
}

TEST(Pickle, StackMustHoldWhatIsTaken) {
  for (const char* opcode : {"\x85", "\x93", "R", "\x81", "b"}) expect_refused(kProto + opcode, 2, "found none");
  for (const char* opcode : {"t", "u"}) expect_refused(kProto + "N" + opcode, 3, "wants a mark");
  expect_refused(kProto + "N(\x86", 4, "found none");  // no opcode reaches under a mark
}

TEST(Pickle, FramesLieInTheFileAndEndBetweenOpcodes) {
  const std::string body = array(f32(), kShape, 4).bytes() + ".";
  EXPECT_EQ(read(kProto + frame(body.size()) + body).weight.bytes, 24u);
  const size_t size = 2 + 9 + body.size();
  expect_refused(kProto + frame(body.size() + 1) + body, 2,
                 fmt::format("file has {} bytes, at least {} expected", size, size + 1));
  expect_refused(kProto + frame(UINT64_MAX) + body, 2, "reaches over the end of the file");
  expect_refused(kProto + frame(1) + body, 2 + 9, "over the end of its frame");
  expect_refused(kProto + frame(20) + frame(5) + body, 2 + 9, "inside another one");
  const std::string first = body.substr(0, text("numpy.core.multiarray").size());
  EXPECT_EQ(read(kProto + frame(first.size()) + first + frame(body.size() - first.size()) + body.substr(first.size()))
                .weight.bytes,
            24u);
}

TEST(Pickle, SaysHowShortACutFileIs) {
  ArrayParts parts = array(f32(), {1000, 1000}, 4);
  const std::string bytes = plain_pickle(parts);
  const uint64_t payload_at = 2 + parts.header().size();
  const uint64_t wanted = payload_at + 9 + 4'000'000;
  expect_refused(bytes.substr(0, 1'234'567), payload_at,
                 fmt::format("file has 1,234,567 bytes, at least 4,000,{} expected", wanted - 4'000'000));
  parts.payload = payload_header(UINT64_MAX - 3);
  expect_refused(plain_pickle(parts), payload_at, "reaches over the end of the file");
}

}  // namespace
}  // namespace grok1::test

// Model files that are refused, each for one reason, and those that are taken although they are unusual.
#include "core/tokenizer/model_reader.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/failure.h"
#include "tests/unit/tokenizer/model_builder.h"

namespace grok1::test {
namespace {

std::unique_ptr<const Vocabulary> read(const std::string& bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());  // no byte of room behind the end
  return read_tokenizer_model("a/tokenizer.model", {exact.data(), exact.size()});
}

void expect_refused(const std::string& bytes, const std::string& reason, int64_t offset = -1,
                    grok1_status status = GROK1_E_BAD_FILE) {
  try {
    read(bytes);
    ADD_FAILURE() << "accepted; wanted: " << reason;
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), status) << failure.message();
    EXPECT_NE(failure.message().find("a/tokenizer.model"), std::string::npos) << failure.message();
    EXPECT_NE(failure.message().find(reason), std::string::npos) << failure.message();
    if (offset >= 0) {
      EXPECT_EQ(failure.offset(), static_cast<uint64_t>(offset)) << failure.message();
    }
  }
}

const std::string kBase = model("");  // what a piece that is put behind it begins at: its size

void expect_piece_refused(const std::string& bytes, const std::string& reason) {
  expect_refused(kBase + bytes, reason, static_cast<int64_t>(kBase.size()));
}

TEST(ModelReader, ReadsPiecesAndSettings) {
  const auto vocabulary = read(model(piece("a", -1.5f) + piece("b", 2, GROK1_PIECE_UNUSED)));
  ASSERT_EQ(vocabulary->pieces.size(), 5u);
  EXPECT_EQ(vocabulary->pieces[3].text, "a");
  EXPECT_EQ(vocabulary->pieces[3].score, -1.5f);
  EXPECT_EQ(vocabulary->pieces[4].kind, uint32_t{GROK1_PIECE_UNUSED});
  EXPECT_FALSE(vocabulary->remove_extra_whitespaces);
  EXPECT_EQ(vocabulary->unk_id, 0);
}

TEST(ModelReader, DefaultsAreSentencePieces) {
  const auto vocabulary = read(bytes_field(1, bytes_field(1, "?") + number_field(3, 2)) +
                               bytes_field(1, bytes_field(1, "a")) + bytes_field(2, number_field(3, 2)));
  EXPECT_EQ(vocabulary->pieces[1].kind, uint32_t{GROK1_PIECE_NORMAL});
  EXPECT_EQ(vocabulary->pieces[1].score, 0.0f);
  EXPECT_TRUE(vocabulary->add_dummy_prefix);
  EXPECT_TRUE(vocabulary->remove_extra_whitespaces);
  EXPECT_TRUE(vocabulary->escape_whitespaces);
  EXPECT_FALSE(vocabulary->byte_fallback);
  EXPECT_EQ(vocabulary->unknown_surface, " \xE2\x81\x87 ");
}

TEST(ModelReader, SkipsWhatItDoesNotKnow) {
  std::string unknown = number_field(99, 7) + bytes_field(98, "abc") + float_field(97, 1);
  unknown += varint(96 << 3 | 1) + std::string(8, 'x');
  const auto vocabulary = read(unknown + kBase + bytes_field(2, unknown) + bytes_field(3, unknown) +
                               bytes_field(1, bytes_field(1, "a") + unknown) + bytes_field(4, "\xff"));
  EXPECT_EQ(vocabulary->pieces.size(), 4u);
}

TEST(ModelReader, TheLastOfRepeatedValuesCounts) {
  const auto vocabulary =
      read(kBase + bytes_field(3, number_field(4, 1)) + bytes_field(1, bytes_field(1, "a") + bytes_field(1, "b")));
  EXPECT_TRUE(vocabulary->remove_extra_whitespaces);
  EXPECT_EQ(vocabulary->pieces[3].text, "b");
}

TEST(ModelReader, NamedControlPiecesAreFound) {
  const auto vocabulary =
      read(kBase + piece("[PAD]", 0, GROK1_PIECE_CONTROL) +
           bytes_field(2, bytes_field(46, "</s>") + bytes_field(47, "nothing") + bytes_field(48, "[PAD]")));
  EXPECT_EQ(vocabulary->bos_id, 2);
  EXPECT_EQ(vocabulary->eos_id, -1);
  EXPECT_EQ(vocabulary->pad_id, 3);
}

TEST(ModelReader, OnlyBpeIsUnderstood) {
  const auto pieces = piece("<unk>", 0, GROK1_PIECE_UNKNOWN);
  expect_refused(pieces, "model_type = 2 (BPE) wanted, found 1", -1, GROK1_E_UNSUPPORTED);  // the default
  for (const uint64_t type : {1u, 3u, 4u, 77u}) {
    expect_refused(kBase + bytes_field(2, number_field(3, type)), "model_type", -1, GROK1_E_UNSUPPORTED);
  }
}

TEST(ModelReader, SettingsThatChangeTheResultAreRefused) {
  expect_refused(kBase + bytes_field(2, number_field(24, 1)), "treat_whitespace_as_suffix", -1, GROK1_E_UNSUPPORTED);
  expect_refused(kBase + bytes_field(3, bytes_field(2, "x")), "normalizer_spec", -1, GROK1_E_UNSUPPORTED);
  expect_refused(kBase + bytes_field(5, bytes_field(2, "x")), "denormalizer_spec", -1, GROK1_E_UNSUPPORTED);
  read(kBase + bytes_field(5, bytes_field(1, "identity") + bytes_field(2, "")));
}

TEST(ModelReader, PiecesAreChecked) {
  expect_piece_refused(piece(""), "piece 3: a text wanted, found an empty one");
  expect_piece_refused(bytes_field(1, ""), "piece 3: a text wanted");
  expect_piece_refused(piece(std::string("a\0b", 3)), "without NUL");
  expect_piece_refused(piece("\xE2\x96"), "in UTF-8");
  expect_piece_refused(piece(std::string(1025, 'a')), "at most 1024 bytes");
  expect_piece_refused(piece("a", NAN), "a finite score");
  expect_piece_refused(piece("a", -INFINITY), "a finite score");
  expect_piece_refused(piece("<s>"), "'<s>' is the text of an earlier piece");
  expect_piece_refused(piece("<s>", 0, GROK1_PIECE_USER_DEFINED), "earlier piece");
  expect_piece_refused(piece("x", 0, GROK1_PIECE_UNKNOWN), "one unknown piece wanted, 0 is one already");
  expect_piece_refused(piece("x", 0, GROK1_PIECE_CONTROL), "more than one character");
  expect_piece_refused(piece("é", 0, GROK1_PIECE_CONTROL), "more than one character");
  expect_piece_refused(piece("<0x00>", 0, GROK1_PIECE_BYTE), "byte_fallback is not set");
  read(kBase + piece(std::string(1024, 'a')));
  for (const uint32_t kind : {0u, 7u}) expect_refused(kBase + piece("a", 0, kind), "a piece type of 1 to 6");
}

TEST(ModelReader, BytePiecesAreComplete) {
  ModelSettings s;
  s.byte_fallback = true;
  read(model(byte_pieces(), s));
  expect_refused(model("", s), "256 byte pieces wanted");
  const std::string all = byte_pieces(), first = piece("<0x00>", 0, GROK1_PIECE_BYTE);
  expect_refused(model(all.substr(first.size()), s), "256 byte pieces wanted");
  for (const char* text : {"<0x0>", "<0x000>", "<0xff>", "<0xGG>", "[0x00]", "<0x00<", "a"}) {
    expect_refused(model(byte_pieces() + piece(text, 0, GROK1_PIECE_BYTE), s), "a byte piece such as");
  }
}

TEST(ModelReader, AnUnknownPieceIsRequired) {
  expect_refused(piece("a") + settings({}), "an unknown piece wanted");
  expect_refused("", "model_type", -1, GROK1_E_UNSUPPORTED);
}

TEST(ModelReader, UnknownSurfaceIsText) {
  expect_refused(kBase + bytes_field(2, bytes_field(44, "\xff")), "unk_surface",
                 static_cast<int64_t>(kBase.size()) + 2);
  expect_refused(kBase + bytes_field(2, bytes_field(44, std::string(1, '\0'))), "unk_surface");
}

TEST(ModelReader, LengthsAreChecked) {
  const auto base = static_cast<int64_t>(kBase.size());
  expect_refused(kBase + varint(1 << 3 | 2), "over the end of its message", base + 1);
  expect_refused(kBase + varint(1 << 3 | 2) + varint(1), "field 1 of 1 bytes", base);
  expect_refused(kBase + varint(1 << 3 | 2) + varint(UINT64_MAX), "0 bytes are left", base);
  expect_refused(kBase + varint(99 << 3) + std::string(10, '\xff') + '\1', "at most 10 bytes", base + 2);
  expect_refused(kBase + varint(99 << 3) + '\x80', "over the end", base + 2);
  expect_refused(kBase + varint(99 << 3 | 5) + "abc", "over the end", base + 2);
  expect_refused(kBase + varint(99 << 3 | 1) + "abcdefg", "over the end", base + 2);
  // A field inside a piece must end inside the piece, although the file goes on.
  const std::string inner = varint(1 << 3 | 2) + varint(5) + "abc";
  expect_refused(kBase + bytes_field(1, inner) + piece("b"), "field 1 of 5 bytes", base + 2);
}

TEST(ModelReader, FieldsHaveTheRightTypes) {
  const auto base = static_cast<int64_t>(kBase.size());
  for (const int type : {3, 4, 6, 7}) expect_refused(kBase + varint(99u << 3 | type), "wire type 0, 1, 2 or 5", base);
  expect_refused(kBase + varint(0) + "x", "a field number wanted, found 0", base);
  expect_refused(kBase + varint(uint64_t{1} << 32) + "x", "a field number wanted", base);
  for (const uint32_t field : {1u, 2u, 3u, 5u}) {
    expect_refused(kBase + number_field(field, 1), fmt::format("field {}: wire type 2 wanted, found 0", field), base);
  }
  expect_refused(kBase + bytes_field(1, number_field(1, 1)), "field 1: wire type 2", base + 2);
  expect_refused(kBase + bytes_field(1, number_field(2, 1)), "field 2: wire type 5", base + 2);
  expect_refused(kBase + bytes_field(1, bytes_field(3, "x")), "field 3: wire type 0", base + 2);
  expect_refused(kBase + bytes_field(2, bytes_field(3, "x")), "field 3: wire type 0", base + 2);
  expect_refused(kBase + bytes_field(3, bytes_field(5, "x")), "field 5: wire type 0", base + 2);
}

}  // namespace
}  // namespace grok1::test

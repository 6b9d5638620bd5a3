// Which files a GGUF model is made of: one, shards, pieces, a folder; and what is said when one is missing or foreign.
#include "core/formats/gguf_files.h"

#include <gtest/gtest.h>

#include "tests/unit/formats/gguf_expect.h"
#include "tests/unit/formats/gguf_model.h"

namespace grok1::test {
namespace {

namespace fs = std::filesystem;

constexpr grok1_status kBad = GROK1_E_BAD_FILE, kNot = GROK1_E_UNSUPPORTED, kMissing = GROK1_E_NOT_FOUND;

class GgufFolder : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  void write_shards(std::vector<gguf::File> shards) const {
    for (size_t i = 0; i < shards.size(); ++i) {
      folder_.write(fmt::format("m-{:05}-of-{:05}.gguf", i + 1, shards.size()), shards[i].bytes());
    }
  }
  void write_pieces(const std::string& name, const std::vector<size_t>& cuts) const {
    const std::string bytes = small_gguf().bytes();
    size_t begin = 0;
    for (size_t i = 0; i <= cuts.size(); ++i) {
      const size_t end = i < cuts.size() ? cuts[i] : bytes.size();
      folder_.write(fmt::format("{}.part{}of{}", name, i + 1, cuts.size() + 1), bytes.substr(begin, end - begin));
      begin = end;
    }
  }

  TemporaryFolder folder_;
};

TEST_F(GgufFolder, ShardsByAnyOfThem) {
  write_shards(split(small_gguf(), 3));
  for (const char* name : {"m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf", ""}) {
    const auto source = open_model(path(name));
    EXPECT_EQ(source->n_files(), 3u);
    EXPECT_EQ(source->tensors().size(), 14u);
    EXPECT_EQ(source->config().d_model, 32u);
  }
}

TEST_F(GgufFolder, AFirstShardWithoutTensors) {
  std::vector<gguf::File> shards = split(small_gguf(), 3);
  shards[1].tensors.insert(shards[1].tensors.begin(), shards[0].tensors.begin(), shards[0].tensors.end());
  shards[0].tensors.clear();
  write_shards(shards);
  EXPECT_EQ(open_model(path("m-00002-of-00003.gguf"))->tensors().size(), 14u);
}

TEST_F(GgufFolder, ShardsThatDoNotAgree) {
  const std::vector<gguf::File> shards = split(small_gguf(), 3);
  const auto refused = [&](size_t shard, const char* key, const std::string& entry, const std::string& words) {
    std::vector<gguf::File> wrong = shards;
    for (std::string& e : wrong[shard].entries) {
      if (e.starts_with(gguf::text(key))) e = entry;
    }
    write_shards(wrong);
    const uint64_t at = position(wrong[shard].bytes(), entry) + 8 + std::string_view(key).size() + 4;
    expect_refused(path(""), kBad, at, fmt::format("m-{:05}-of-00003.gguf: at byte {}: {}", shard + 1, at, words));
  };
  refused(1, "split.no", gguf::u16("split.no", 2), "split.no: 1 wanted");
  refused(0, "split.count", gguf::u16("split.count", 2), "split.count: 3 wanted");
  refused(2, "split.tensors.count", gguf::i32("split.tensors.count", 13), "split.tensors.count: 14 wanted");
  refused(2, "split.tensors.count", gguf::i32("split.tensors.count", -1), "split.tensors.count: an integer");
  std::vector<gguf::File> without = shards;
  without[1].entries.erase(without[1].entries.begin());
  write_shards(without);
  expect_refused(path(""), kBad, 0, "m-00002-of-00003.gguf: at byte 0: split.no: ");
  std::vector<gguf::File> twice = shards;
  twice[2].tensors.back() = twice[1].tensors.back();
  write_shards(twice);
  expect_refused(path(""), kBad, position(twice[2].bytes(), gguf::text(twice[1].tensors.back().name)),
                 "is the same tensor");
}

TEST_F(GgufFolder, AMissingShardIsNamed) {
  write_shards(split(small_gguf(), 3));
  fs::remove(path("m-00002-of-00003.gguf"));
  expect_refused(path("m-00003-of-00003.gguf"), kMissing, 0, path("m-00002-of-00003.gguf") + ": this file is missing");
  fs::remove(path("m-00001-of-00003.gguf"));
  expect_refused(path(""), kMissing, 0, path("m-00001-of-00003.gguf") + ": this file is missing");
}

TEST_F(GgufFolder, AShardUnderAnotherName) {
  const gguf::File first = split(small_gguf(), 3)[0];
  const uint64_t at = position(first.bytes(), gguf::u16("split.count", 3)) + 8 + 11 + 4;
  expect_refused(folder_.write("alone.gguf", first.bytes()), kBad, at, "files NAME-00001-of-00003.gguf wanted");
}

TEST_F(GgufFolder, PiecesByAnyOfThem) {
  const size_t header = small_gguf().header().size();
  // A cut in the magic, in the header, in a row of the embedding, one piece without a byte.
  write_pieces("m.gguf", {3, 999, 999, header + 1 + 32 + 130});
  for (const char* name : {"m.gguf.part1of5", "m.gguf.part3of5", "m.gguf.part5of5", ""}) {
    const auto source = open_model(path(name));
    EXPECT_EQ(source->n_files(), 5u);
    EXPECT_EQ(source->file_bytes(), small_gguf().bytes().size());
    EXPECT_EQ(source->find(TensorRole::kEmbedding).values.parts[0].file->files().size(), 5u);
  }
  fs::remove(path("m.gguf.part4of5"));
  expect_refused(path("m.gguf.part1of5"), kMissing, 0, path("m.gguf.part4of5") + ": this file is missing, 4 of the 5");
}

TEST_F(GgufFolder, TheLastPieceCutShort) {
  write_pieces("m.gguf", {20000});
  fs::resize_file(path("m.gguf.part2of2"), fs::file_size(path("m.gguf.part2of2")) - 1);
  const std::string last = gguf::text("output_norm.weight");
  expect_refused(path("m.gguf.part1of2"), kBad, position(small_gguf().bytes(), last) + last.size() + 4 + 8 + 4,
                 "do not lie in the file");
}

TEST_F(GgufFolder, NamesThatAreNoSeries) {
  for (const char* name :
       {"m-0001-of-0003.gguf", "m-00000-of-00003.gguf", "m-00004-of-00003.gguf", "m-00001-of-00000.gguf",
        "m-00001-of-99999999999.gguf", "-of-.gguf", "m00001-of-00003.gguf", "x.gguf", ".gguf"}) {
    const GgufFiles files = find_gguf_files(folder_.write(name, small_gguf().bytes()));
    ASSERT_EQ(files.shards.size(), 1u) << name;
    EXPECT_EQ(files.shards[0], std::vector{path(name)});
    EXPECT_FALSE(files.is_split);
    open_model(path(name));
    fs::remove(path(name));
  }
  for (const char* name : {"m.gguf.part01of3", "m.gguf.part0of3", "m.gguf.part4of3", "m.gguf.part1of", "m.part1of3"}) {
    EXPECT_FALSE(is_gguf_path(folder_.write(name, ""))) << name;
  }
}

TEST_F(GgufFolder, OneModelInAFolder) {
  folder_.write("readme.md", "x");
  EXPECT_FALSE(is_gguf_path(path("")));
  folder_.write("b.gguf", small_gguf().bytes());
  EXPECT_EQ(open_model(path(""))->config().d_model, 32u);
  write_pieces("a.gguf", {100});
  expect_refused(path(""), kNot, 0,
                 "one GGUF model wanted in here, found 2; name one of them, for example a.gguf.part1of2");
  EXPECT_EQ(open_model(path("b.gguf"))->n_files(), 1u);
}

TEST_F(GgufFolder, AFileOfAnotherNameByItsFirstLetters) {
  EXPECT_EQ(open_model(folder_.write("sha256-0123", small_gguf().bytes()))->config().d_model, 32u);
}

TEST_F(GgufFolder, ACheckpointOfXaiGoesBefore) {
  folder_.write("x.gguf", small_gguf().bytes());
  fs::copy(fs::path(GROK1_TEST_DATA) / "tiny", folder_.path(), fs::copy_options::recursive);
  EXPECT_EQ(open_model(path(""))->format(), "xAI checkpoint");
  EXPECT_EQ(open_model(path("x.gguf"))->format(), "GGUF");
}

TEST_F(GgufFolder, WrongPaths) {
  expect_refused(path("nowhere.gguf"), kMissing, 0, "nowhere.gguf: cannot open");
  fs::create_directories(path("folder.gguf"));
  expect_refused(path("folder.gguf"), kMissing, 0, "folder.gguf");
  fs::create_directories(path("d/x.gguf"));
  expect_refused(path("d"), GROK1_E_IO, 0, "found a directory");
}

TEST_F(GgufFolder, TheTokenizerBeside) {
  EXPECT_EQ(open_model(folder_.write("x.gguf", small_gguf().bytes()))->tokenizer_path(), "");
  folder_.write("tokenizer.model", "x");
  EXPECT_EQ(open_model(path("x.gguf"))->tokenizer_path(), path("tokenizer.model"));
}

}  // namespace
}  // namespace grok1::test

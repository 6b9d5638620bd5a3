// GGUF files and Hugging Face folders with faults in them, as verify_model tells them: the kinds, the files and
// tensors, and that what is right is looked at all the same. ckpt-0: xai_checkpoint_test.cpp and
// tests/unit/api/verify_test.cpp.
#include "core/formats/faults.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/runtime/verify.h"
#include "tests/checkpoints/safetensors_writer.h"
#include "tests/unit/formats/gguf_model.h"
#include "tests/unit/formats/temporary_folder.h"

namespace grok1::test {
namespace {

namespace fs = std::filesystem;
using checkpoints::Layout;
using checkpoints::Naming;

const std::string kNaN("\0\0\xc0\x7f", 4);

class FaultsOf : public testing::Test {
 protected:
  void verify(const std::string& name) {
    told_.clear();
    verified_ = {};
    verify_model((folder_.path() / name).string(), true, 2, Faults([this](const Fault& f) { told_.push_back(f); }),
                 [](uint64_t, uint64_t) {}, verified_);
  }

  void expect_told(size_t i, FileFault kind, const std::string& file, const std::string& tensor,
                   const std::string& words) {
    ASSERT_LT(i, told_.size());
    const Fault& fault = told_[i];
    EXPECT_EQ(fault.failure.fault(), kind) << fault.failure.message();
    EXPECT_EQ(fs::path(fault.place.path).filename().string(), file);
    EXPECT_EQ(fault.place.tensor, tensor);
    EXPECT_NE(fault.failure.message().find(words), std::string::npos) << fault.failure.message();
  }

  // Of a model of one fault.
  void expect_only(const std::string& name, FileFault kind, const std::string& file, const std::string& tensor,
                   const std::string& words) {
    verify(name);
    EXPECT_EQ(told_.size(), 1u);
    for (const Fault& fault : told_) SCOPED_TRACE(fault.failure.message());
    expect_told(0, kind, file, tensor, words);
  }

  TemporaryFolder folder_;
  std::vector<Fault> told_;
  Verified verified_;
};

class GgufFaults : public FaultsOf {
 protected:
  gguf::Tensor& tensor(const std::string& name) {
    const auto found = std::find_if(file_.tensors.begin(), file_.tensors.end(),
                                    [&](const gguf::Tensor& tensor) { return tensor.name == name; });
    EXPECT_NE(found, file_.tensors.end()) << name;
    return *found;
  }
  void expect_only(FileFault kind, const std::string& tensor, const std::string& words) {
    folder_.write("x.gguf", file_.bytes());
    FaultsOf::expect_only("x.gguf", kind, "x.gguf", tensor, words);
  }

  gguf::File file_ = small_gguf();
};

TEST_F(GgufFaults, AGoodFileHasNone) {
  folder_.write("x.gguf", file_.bytes());
  verify("x.gguf");
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(verified_.format, "GGUF");
  uint64_t bytes = 0;
  for (const gguf::Tensor& tensor : file_.tensors) bytes += tensor.data.size();
  EXPECT_EQ(verified_.bytes_read, bytes);
}

TEST_F(GgufFaults, AMissingTensor) {
  file_.tensors.erase(file_.tensors.begin() + (&tensor("blk.0.attn_k.weight") - file_.tensors.data()));
  expect_only(FileFault::kMissing, "blk.0.attn_k.weight", "blk.0.attn_k.weight is missing");
  EXPECT_EQ(verified_.n_tensors, file_.tensors.size());
}

TEST_F(GgufFaults, ATensorOfAnotherName) {
  tensor("blk.0.attn_k.weight").name = "blk.0.attn_nonsense.weight";
  expect_only(FileFault::kExtra, "blk.0.attn_nonsense.weight", "Grok-1 has no tensor of this name");
}

TEST_F(GgufFaults, AWrongShape) {
  tensor("blk.0.attn_norm.weight").ne = {16, 2};
  expect_only(FileFault::kShape, "blk.0.attn_norm.weight", "32 elements wanted, innermost first, found 16 x 2");
}

TEST_F(GgufFaults, AWrongEncoding) {
  tensor("blk.0.ffn_gate_inp.weight").type = 8;  // Q8_0
  expect_only(FileFault::kEncoding, "blk.0.ffn_gate_inp.weight", "F32, F16 or BF16 wanted, found q8_0");
}

TEST_F(GgufFaults, OneTensorUnderTwoNames) {
  gguf::Tensor again = tensor("blk.0.layer_output_norm.weight");
  again.name = "blk.0.post_ffw_norm.weight";
  file_.tensors.push_back(again);
  expect_only(FileFault::kDuplicate, "blk.0.post_ffw_norm.weight", "is the same tensor");
}

TEST_F(GgufFaults, AFileThatWasCutShort) {
  const gguf::Tensor& last = file_.tensors.back();
  const std::string bytes = file_.bytes();
  folder_.write("x.gguf", bytes.substr(0, bytes.size() - 1));
  FaultsOf::expect_only("x.gguf", FileFault::kShort, "x.gguf", last.name, "do not lie in the file");
  EXPECT_EQ(verified_.n_tensors, file_.tensors.size() - 1);
  EXPECT_GT(verified_.bytes_read, 0u);
  folder_.write("x.gguf", bytes.substr(0, file_.header().size() - 10));
  FaultsOf::expect_only("x.gguf", FileFault::kShort, "x.gguf", "", "but the file ends");
}

TEST_F(GgufFaults, NumbersThatAreNotFinite) {
  tensor("blk.0.attn_norm.weight").data.replace(40, 4, kNaN);
  gguf::Tensor& embedding = tensor("token_embd.weight");  // 8 rows of 32: a block of Q8_0 each
  embedding.type = 8;
  embedding.data.assign(8 * 34, '\1');
  embedding.data.replace(3 * 34, 2, std::string("\0\x7c", 2));
  embedding.data.replace(5 * 34, 2, std::string("\1\xfc", 2));
  folder_.write("x.gguf", file_.bytes());
  verify("x.gguf");
  ASSERT_EQ(told_.size(), 2u);
  const size_t blocks = told_[0].place.tensor == "token_embd.weight" ? 0 : 1;
  expect_told(blocks, FileFault::kNonFinite, "x.gguf", "token_embd.weight",
              "found 2 blocks whose scale is an infinity or NaN in q8_0, the first one here");
  EXPECT_EQ(told_[blocks].failure.offset(), file_.bytes().find(embedding.data) + 3 * 34);
  expect_told(1 - blocks, FileFault::kNonFinite, "x.gguf", "blk.0.attn_norm.weight",
              "found 1 infinities or NaN in f32");
}

TEST_F(GgufFaults, AShardThatIsMissing) {
  const std::vector<gguf::File> shards = split(file_, 3);
  folder_.write("x-00001-of-00003.gguf", shards[0].bytes());
  folder_.write("x-00003-of-00003.gguf", shards[2].bytes());
  FaultsOf::expect_only("x-00001-of-00003.gguf", FileFault::kMissing, "x-00002-of-00003.gguf", "",
                        "this file is missing, 2 of the 3");
  EXPECT_GT(verified_.bytes_read, 0u);
  EXPECT_LT(verified_.n_tensors, file_.tensors.size());
}

TEST_F(GgufFaults, WithoutTheFirstShardNothingCanBeSaidOfTheOthers) {
  folder_.write("x-00002-of-00002.gguf", split(file_, 2)[1].bytes());
  FaultsOf::expect_only("x-00002-of-00002.gguf", FileFault::kMissing, "x-00001-of-00002.gguf", "", "missing");
  EXPECT_EQ(verified_.n_tensors, 0u);
}

// A NaN that lies across the cut of a file in two pieces, and an expert by itself.
TEST_F(GgufFaults, AcrossPieces) {
  file_ = gguf_of(*open_model(std::string(GROK1_TEST_DATA) + "/tiny"), Experts::kSingle);
  std::string& data = tensor("blk.1.ffn_up.5.weight").data;
  data.replace(400, 4, kNaN);
  const std::string bytes = file_.bytes();
  const size_t at = bytes.find(data) + 400;
  folder_.write("x.gguf.part1of2", bytes.substr(0, at + 2));
  folder_.write("x.gguf.part2of2", bytes.substr(at + 2));
  FaultsOf::expect_only("x.gguf.part1of2", FileFault::kNonFinite, "x.gguf.part1of2", "blk.1.ffn_up.5.weight",
                        "found 1 infinities or NaN in f32");
  EXPECT_EQ(told_[0].failure.offset(), at);
}

// Gate and up of an expert lie together: up's rows of the next one are not behind each other.
TEST_F(GgufFaults, InExpertsThatLieApart) {
  file_ = gguf_of(*open_model(std::string(GROK1_TEST_DATA) + "/tiny"), Experts::kGateUp);
  std::string& data = tensor("blk.1.ffn_gate_up_exps.weight").data;
  const size_t at = (3 * 2 + 1) * size_t{344} * 64 * 4 + 8;  // up of expert 3
  data.replace(at, 4, kNaN);
  expect_only(FileFault::kNonFinite, "blk.1.ffn_gate_up_exps.weight", "found 1 infinities or NaN in f32");
  EXPECT_EQ(told_[0].failure.offset(), file_.bytes().find(data) + at);
}

TEST_F(GgufFaults, ACountThatIsTooLarge) {
  file_.tensors.clear();
  file_.n_tensors = 1 << 19;
  folder_.write("x.gguf", file_.bytes());
  FaultsOf::expect_only("x.gguf", FileFault::kDamaged, "x.gguf", "", "tensors, but the file has only");
}

class HfFaults : public FaultsOf {
 protected:
  void write(Layout layout) {
    checkpoints::write_hf_model(GROK1_TEST_DATA "/odd", (folder_.path() / "m").string(),
                                {Naming::kHpcai, layout, "BF16", false});
    for (const auto& entry : fs::directory_iterator(folder_.path() / "m"))
      if (entry.path().extension() == ".safetensors") files_.push_back(entry.path());
    std::sort(files_.begin(), files_.end());
  }

  std::vector<fs::path> files_;
};

TEST_F(HfFaults, AGoodFolderHasNone) {
  for (const Layout layout : {Layout::kSingle, Layout::kIndexed, Layout::kNumbered}) {
    write(layout);
    verify("m");
    EXPECT_TRUE(told_.empty());
    EXPECT_GT(verified_.bytes_read, 0u);
    fs::remove_all(folder_.path() / "m");
  }
}

TEST_F(HfFaults, AFileOfTheIndexThatIsMissing) {
  write(Layout::kIndexed);
  fs::remove(files_[1]);
  expect_only("m", FileFault::kMissing, files_[1].filename().string(), "", "cannot open");
  EXPECT_GT(verified_.bytes_read, 0u);
}

TEST_F(HfFaults, AFileThatWasCutShort) {
  for (const Layout layout : {Layout::kIndexed, Layout::kNumbered}) {
    files_.clear();
    write(layout);
    fs::resize_file(files_[2], fs::file_size(files_[2]) - 1);
    expect_only("m", FileFault::kShort, files_[2].filename().string(), "", "the file was cut short, fetch it again");
    EXPECT_GT(verified_.bytes_read, 0u);
    fs::remove_all(folder_.path() / "m");
  }
}

TEST_F(HfFaults, ABadIndexOrConfig) {
  write(Layout::kIndexed);
  folder_.write("m/model.safetensors.index.json", "{");
  expect_only("m", FileFault::kDamaged, "model.safetensors.index.json", "", "JSON wanted");
  folder_.write("m/config.json", "{");
  verify("m");
  ASSERT_EQ(told_.size(), 1u);
  expect_told(0, FileFault::kDamaged, "config.json", "", "config.json: at byte 1");
}

TEST_F(HfFaults, ARankThatIsMissing) {
  write(Layout::kSharded);
  const auto shard = std::find_if(files_.begin(), files_.end(), [](const fs::path& path) {
    return path.string().find("-TP-000") != std::string::npos;
  });
  ASSERT_NE(shard, files_.end());
  fs::remove(*shard);
  verify("m");
  ASSERT_EQ(told_.size(), 1u);
  expect_told(0, FileFault::kMissing, "m", "", "a file *-TP-000.safetensors is missing");
}

TEST_F(HfFaults, TensorsByThemselves) {
  const auto write_all = [&](std::vector<checkpoints::StoredTensor> tensors) {
    checkpoints::write_safetensors(files_[0].string(), tensors);
  };
  write(Layout::kSingle);
  std::vector<checkpoints::StoredTensor> all;
  for (const checkpoints::Weight& weight : checkpoints::golden_weights(GROK1_TEST_DATA "/odd"))
    all.push_back(checkpoints::stored(checkpoints::hf_tensor_name(Naming::kHpcai, weight), "F32", weight));
  write_all(all);
  verify("m");
  EXPECT_TRUE(told_.empty());

  std::vector<checkpoints::StoredTensor> bad = all;
  const size_t oblong =
      static_cast<size_t>(std::find_if(all.begin() + 8, all.end(),
                                       [](const auto& tensor) { return tensor.shape.front() != tensor.shape.back(); }) -
                          all.begin());
  ASSERT_LT(oblong, all.size() - 1);
  std::swap(bad[oblong].shape.front(), bad[oblong].shape.back());
  bad[5].name = "nonsense";
  bad[0].bytes.replace(8, 4, kNaN);  // the embedding: experts are parts of tensors that have faults
  const std::string dropped = bad.back().name;
  bad.pop_back();
  write_all(bad);
  verify("m");
  ASSERT_EQ(told_.size(), 5u);
  const auto has = [&](FileFault kind, const std::string& tensor) {
    return std::count_if(told_.begin(), told_.end(), [&](const Fault& fault) {
      return fault.failure.fault() == kind && fault.place.tensor == tensor;
    });
  };
  EXPECT_EQ(has(FileFault::kExtra, "nonsense"), 1);
  EXPECT_EQ(has(FileFault::kMissing, all[5].name), 1);
  EXPECT_EQ(has(FileFault::kMissing, dropped), 1);
  EXPECT_EQ(has(FileFault::kShape, all[oblong].name), 1);
  EXPECT_EQ(has(FileFault::kNonFinite, all[0].name), 1);
}

}  // namespace
}  // namespace grok1::test

// What is on disk when a conversion ends before its end: killed at each of its system calls, out of disk at each of
// them, cancelled, or disturbed by signals and short writes. The target must be absent, the old one or complete, and
// the same call made again must end with the same bytes.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <map>

#include "core/base/failure.h"
#include "tests/unit/convert/made_source.h"

namespace grok1::test {
namespace {

// What happens at which call. The calls of all threads are counted together.
struct Fault {
  enum class Kind { kNone, kKill, kNoSpace, kDisturb } kind = Kind::kNone;
  int at = 0;  // the call, from 1
};
Fault fault;
std::atomic<int> calls_made;

enum class Verdict { kGoOn, kRefuse, kHalf };

// Before a call: ends the process, sets errno, or says to do half of the work.
Verdict meet() {
  const int now = ++calls_made;
  switch (fault.kind) {
    case Fault::Kind::kKill:
      if (now == fault.at) _exit(42);
      return now + 1 == fault.at ? Verdict::kHalf : Verdict::kGoOn;  // what comes before is torn
    case Fault::Kind::kNoSpace: errno = ENOSPC; return now == fault.at ? Verdict::kRefuse : Verdict::kGoOn;
    case Fault::Kind::kDisturb: errno = EINTR; return now % 3 == 0 ? Verdict::kRefuse : Verdict::kHalf;
    default: return Verdict::kGoOn;
  }
}

template <class Call>
int unless_refused(Call call) {
  return meet() == Verdict::kRefuse ? -1 : call();
}

// Nothing is really brought to the disk: a process that ends loses no pages, and the test has thousands of them.
const FileCalls kCalls = {
    [](const char* path, int flags, mode_t mode) {
      return unless_refused([&] { return file_calls().open(path, flags, mode); });
    },
    [](int fd, int mode, off_t offset, off_t size) {
      return unless_refused([&] { return file_calls().fallocate(fd, mode, offset, size); });
    },
    [](int fd, off_t size) { return unless_refused([&] { return file_calls().ftruncate(fd, size); }); },
    [](int fd, const void* bytes, size_t size, off_t offset) -> ssize_t {
      const Verdict verdict = meet();
      if (verdict == Verdict::kRefuse) return -1;
      return file_calls().pwrite(fd, bytes, verdict == Verdict::kHalf ? (size + 1) / 2 : size, offset);
    },
    [](int) { return unless_refused([] { return 0; }); },
    [](int) { return unless_refused([] { return 0; }); },
    [](const char* from, const char* to, bool replace) {
      return unless_refused([&] { return file_calls().rename(from, to, replace); });
    },
    [](const char* path) { return unless_refused([&] { return file_calls().unlink(path); }); },
};

// A conversion of a golden case with options, and the files that it makes.
struct Job {
  const char* golden;
  const char* type;
  uint64_t shard_bytes;
  bool overwrite;  // targets of other content are there before
};

class Interruption : public testing::Test {
 protected:
  ~Interruption() override { fault = {}; }

  void prepare(const Job& job) {
    job_ = job;
    std::filesystem::remove_all(folder_.path() / "wanted");
    wanted_.clear(), old_.clear();
    source_ = open_model(std::string(GROK1_TEST_DATA) + "/" + job.golden);
    blocks_ = convert_model(request("wanted")).n_blocks;
    wanted_ = files_of("wanted");
    for (auto& [name, bytes] : wanted_) old_[name] = job.overwrite ? "old " + name : "";
  }

  ConvertRequest request(const std::string& folder) const {
    std::filesystem::create_directories(folder_.path() / folder);
    ConvertRequest request = request_of(*source_, (folder_.path() / folder / "m.gguf").string(), job_.type);
    request.options.shard_bytes = job_.shard_bytes;
    if (job_.overwrite) request.options.flags = GROK1_CONVERT_OVERWRITE;
    request.calls = &kCalls;
    request.sync_bytes = 1;  // a record for each tensor
    return request;
  }

  // Names of files that are not as they should be, for messages that can be read.
  static std::string differences(const std::map<std::string, std::string>& found,
                                 const std::map<std::string, std::string>& wanted) {
    std::string names;
    for (const auto& [name, bytes] : wanted)
      if (found.count(name) == 0 || found.at(name) != bytes) names += name + " ";
    for (const auto& [name, bytes] : found)
      if (wanted.count(name) == 0) names += name + " (not wanted) ";
    return names;
  }

  std::map<std::string, std::string> files_of(const std::string& folder) const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / folder))
      all[entry.path().filename().string()] = bytes_of_file(entry.path().string());
    return all;
  }

  void begin(const std::string& folder) const {
    std::filesystem::remove_all(folder_.path() / folder);
    std::filesystem::create_directories(folder_.path() / folder);
    if (!job_.overwrite) return;
    for (const auto& [name, bytes] : old_) folder_.write(folder + "/" + name, bytes);
  }

  // The first target tells what the model is: if it is there, it and all others are of one kind.
  void expect_old_or_complete(const std::string& folder, int at) const {
    const auto found = files_of(folder);
    const auto first = found.find(wanted_.begin()->first);
    if (first == found.end()) return;
    const auto& kind = first->second == wanted_.begin()->second ? wanted_ : old_;
    for (const auto& [name, bytes] : kind) {
      const auto file = found.find(name);
      ASSERT_TRUE(file != found.end() && file->second == bytes) << name << ", call " << at;
    }
  }

  int count_calls() {
    begin("counted");
    fault = {};
    calls_made = 0;
    convert_model(request("counted"));
    return calls_made;
  }

  // Ends a child at the call; false if it came to its end.
  bool kill_at(int at) const {
    const pid_t child = fork();
    if (child == 0) {
      fault = {Fault::Kind::kKill, at};
      calls_made = 0;
      try {
        convert_model(request("killed"));
      } catch (const std::exception&) {
        _exit(1);
      }
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 42 || WEXITSTATUS(status) == 0)) << at << ": " << status;
    return WIFEXITED(status) && WEXITSTATUS(status) == 42;
  }

  Job job_{};
  uint64_t blocks_ = 0;
  TemporaryFolder folder_;
  std::unique_ptr<TensorSource> source_;
  std::map<std::string, std::string> wanted_, old_;
};

// A call of 12 layers is a thousand points, each a conversion begun and ended: all of them take some ten minutes.
int step_between_points() {
  return std::getenv("GROK1_TEST_LONG") != nullptr ? 1 : 11;
}

class Killed : public Interruption, public testing::WithParamInterface<Job> {};

TEST_P(Killed, AnywhereGoesOnToTheSameBytes) {
  prepare(GetParam());
  const int calls = count_calls();
  int points = 0, killed = 0, resumed = 0;
  for (int at = 1; at <= calls; at += step_between_points()) {
    ++points;
    begin("killed");
    if (!kill_at(at)) continue;
    ++killed;
    expect_old_or_complete("killed", at);
    if (differences(files_of("killed"), wanted_).empty()) continue;  // it was at its end
    fault = {};
    const grok1_convert_report report = convert_model(request("killed"));
    resumed += report.resumed_bytes > 0 ? 1 : 0;
    ASSERT_EQ(differences(files_of("killed"), wanted_), "") << "after the end at call " << at;
    ASSERT_EQ(report.n_blocks, blocks_) << "after the end at call " << at;
  }
  // Threads make a few calls in another order from run to run; the number of calls is the same.
  EXPECT_EQ(killed, points);
  EXPECT_GT(resumed, points / 2);
  RecordProperty("points", killed);
  std::printf("%d points, %d of them gone on with\n", killed, resumed);
}

// Together more than 2,000 points where GROK1_TEST_LONG is set.
INSTANTIATE_TEST_SUITE_P(Jobs, Killed,
                         testing::Values(Job{"order", "q8_0", 0, false}, Job{"order", "bf16", 900000, true},
                                         Job{"tiny", "q4_k", 0, false}, Job{"tiny", "f32", 800000, true},
                                         Job{"tiny", "f32", 0, true}),
                         [](const auto& test) {
                           const Job& job = test.param;
                           return std::string(job.golden) + "_" + job.type + (job.shard_bytes != 0 ? "_shards" : "") +
                                  (job.overwrite ? "_over_old" : "");
                         });

TEST_F(Interruption, AFullDiskIsSaidAndLeavesNothing) {
  for (const Job& job : {Job{"tiny", "q8_0", 0, false}, Job{"tiny", "f32", 800000, true}}) {
    prepare(job);
    const int calls = count_calls();
    int full = 0;
    for (int at = 1; at <= calls; ++at) {
      begin("full");
      const auto before = files_of("full");
      fault = {Fault::Kind::kNoSpace, at};
      calls_made = 0;
      try {
        convert_model(request("full"));
        ADD_FAILURE() << "call " << at << " was refused and nobody noticed";
      } catch (const Failure& failure) {
        ++full;
        ASSERT_EQ(failure.status(), GROK1_E_DISK_FULL) << failure.message();
        ASSERT_EQ(failure.native_code(), ENOSPC);
      }
      fault = {};
      const auto after = files_of("full");
      if (after == before) continue;
      // All was written, and names were being given: what is left is what it takes to end that.
      const auto journal = after.find("m.gguf.part.journal");
      expect_old_or_complete("full", at);
      if (journal == after.end()) {
        ASSERT_EQ(differences(after, wanted_), "") << "left at call " << at;
        continue;
      }
      ASSERT_NE(journal->second.find("complete"), std::string::npos) << "left at call " << at;
      convert_model(request("full"));
      ASSERT_EQ(differences(files_of("full"), wanted_), "") << "left at call " << at;
    }
    EXPECT_EQ(full, calls);
  }
}

TEST_F(Interruption, AFullDiskKeepsWhatWasThereBefore) {
  prepare({"tiny", "q8_0", 0, false});
  begin("killed");
  const int calls = count_calls();
  ASSERT_TRUE(kill_at(calls / 2));
  fault = {Fault::Kind::kNoSpace, 8};
  calls_made = 0;
  EXPECT_THROW(convert_model(request("killed")), Failure);
  fault = {};
  EXPECT_GT(convert_model(request("killed")).resumed_bytes, 0u);
  EXPECT_EQ(differences(files_of("killed"), wanted_), "");
}

TEST_F(Interruption, SignalsAndShortWritesChangeNothing) {
  for (const Job& job : {Job{"tiny", "q8_0", 0, false}, Job{"tiny", "f32", 800000, true}}) {
    prepare(job);
    begin("disturbed");
    fault = {Fault::Kind::kDisturb, 0};
    calls_made = 0;
    convert_model(request("disturbed"));
    fault = {};
    EXPECT_EQ(differences(files_of("disturbed"), wanted_), "");
  }
}

TEST_F(Interruption, ACancelledOneGoesOn) {
  prepare({"order", "q8_0", 0, false});
  begin("cancelled");
  uint64_t resumed = 0;
  for (int turn = 0;; ++turn) {
    ASSERT_LT(turn, 1000);
    int polls = 0;
    ConvertRequest one = request("cancelled");
    one.cancelled = [&] { return ++polls > 30; };
    try {
      const grok1_convert_report report = convert_model(one);
      EXPECT_GE(report.resumed_bytes, resumed);
      EXPECT_GT(turn, 3);
      break;
    } catch (const Failure& failure) {
      ASSERT_EQ(failure.status(), GROK1_E_CANCELLED);
      const auto files = files_of("cancelled");
      ASSERT_TRUE(files.count("m.gguf.part") == 1 && files.count("m.gguf.part.journal") == 1 && files.size() == 2);
    }
  }
  EXPECT_EQ(differences(files_of("cancelled"), wanted_), "");
}

TEST_F(Interruption, ProgressCanCancelAndNeverFalls) {
  prepare({"tiny", "q8_0", 0, false});
  struct Seen {
    uint64_t last = 0, total = 0, most = UINT64_MAX;
    bool fell = false;
  } seen;
  ConvertRequest one = request("progress");
  one.options.progress_user = &seen;
  one.options.progress = [](void* user, uint64_t done, uint64_t total) -> int32_t {
    Seen& s = *static_cast<Seen*>(user);
    s.fell |= done < s.last;
    s.last = done, s.total = total;
    return done >= s.most;
  };
  const grok1_convert_report report = convert_model(one);
  EXPECT_FALSE(seen.fell);
  EXPECT_EQ(seen.total, report.output_bytes);
  EXPECT_GT(seen.last, report.output_bytes / 2);
  EXPECT_LE(seen.last, report.output_bytes);
  begin("progress");
  seen = {};
  seen.most = report.output_bytes / 3;
  EXPECT_THROW(convert_model(one), Failure);
}

TEST_F(Interruption, StateOfAnotherConversionIsRefused) {
  prepare({"tiny", "q8_0", 0, false});
  const int calls = count_calls();
  begin("killed");
  ASSERT_TRUE(kill_at(calls / 2));
  const auto before = files_of("killed");
  ConvertRequest other = request("killed");
  const auto refusal = [](const ConvertRequest& request) {
    try {
      convert_model(request);
      return std::string("accepted");
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), GROK1_E_EXISTS);
      return failure.message();
    }
  };
  other.options.type = "f32";
  EXPECT_NE(refusal(other).find("other options"), std::string::npos) << refusal(other);
  EXPECT_NE(refusal(other).find("m.gguf.part.journal"), std::string::npos) << refusal(other);
  const auto another_source = open_model(std::string(GROK1_TEST_DATA) + "/gqa6");
  other = request("killed");
  other.source = another_source.get();
  EXPECT_NE(refusal(other).find("model's files"), std::string::npos) << refusal(other);
  EXPECT_EQ(differences(files_of("killed"), before), "") << "a refusal changed something";

  other = request("killed");
  other.options.flags = GROK1_CONVERT_NO_RESUME;
  EXPECT_EQ(convert_model(other).resumed_bytes, 0u);
  EXPECT_EQ(differences(files_of("killed"), wanted_), "");
}

TEST_F(Interruption, ADamagedJournalCostsTimeOnly) {
  prepare({"tiny", "q8_0", 0, false});
  const int calls = count_calls();
  begin("killed");
  ASSERT_TRUE(kill_at(calls / 2));
  const auto before = files_of("killed");
  const std::string journal = before.at("m.gguf.part.journal");
  for (size_t i = 0; i < journal.size(); i += 7) {
    begin("killed");
    for (const auto& [name, bytes] : before) folder_.write("killed/" + name, bytes);
    std::string damaged = journal;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    folder_.write("killed/m.gguf.part.journal", damaged);
    convert_model(request("killed"));
    ASSERT_EQ(differences(files_of("killed"), wanted_), "") << "journal byte " << i;
  }
}

TEST_F(Interruption, TwoAtATimeAreOneTooMany) {
  prepare({"tiny", "q8_0", 0, false});
  ConvertRequest first = request("two"), second = request("two");
  int tried = 0;
  first.cancelled = [&] {
    if (tried++ > 0) return false;
    try {
      convert_model(second);
      ADD_FAILURE() << "two conversions write one file";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.status(), GROK1_E_BUSY) << failure.message();
    }
    return false;
  };
  convert_model(first);
  EXPECT_GT(tried, 0);
  EXPECT_EQ(differences(files_of("two"), wanted_), "");
}

TEST_F(Interruption, ASourceThatChangesIsSeen) {
  prepare({"tiny", "q8_0", 0, false});
  std::filesystem::copy(std::string(GROK1_TEST_DATA) + "/tiny", folder_.path() / "model",
                        std::filesystem::copy_options::recursive);
  const auto changing = open_model((folder_.path() / "model").string());
  ConvertRequest one = request("changing");
  one.source = changing.get();
  int polls = 0;
  one.cancelled = [&] {
    if (++polls == 5)
      std::filesystem::last_write_time(folder_.path() / "model/ckpt-0/tensor00000_000",
                                       std::filesystem::file_time_type::clock::now());
    return false;
  };
  try {
    convert_model(one);
    FAIL() << "the source changed and nobody noticed";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_BAD_FILE) << failure.message();
  }
  EXPECT_EQ(files_of("changing").count("m.gguf"), 0u);
}

}  // namespace
}  // namespace grok1::test

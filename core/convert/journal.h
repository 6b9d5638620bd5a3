// What a conversion writes down beside its files, so that one that was stopped goes on where it was: what it is made
// of, and each tensor whose bytes are safe on disk. Lines of text, each with a hash of its own, so that a line that was
// cut off is seen. The format: docs/convert.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/convert/errors.h"
#include "core/convert/file_calls.h"

namespace grok1 {

// What must be the same for a conversion to go on.
struct Fingerprint {
  uint64_t source = 0;    // of the files that are read
  uint64_t output = 0;    // of what is to be written
  uint64_t encoders = 0;  // of what makes the bytes
};

class Journal {
 public:
  // What was found at the path.
  enum class State {
    kNone,      // nothing that counts
    kStarted,   // as many tensors as `done()` are on disk
    kComplete,  // all of them are, and files were about to be renamed
  };

  // Opens or makes the file, and holds it until the end: a second one throws GROK1_E_BUSY. Throws GROK1_E_NOT_FOUND (no
  // such folder), GROK1_E_IO, GROK1_E_DISK_FULL.
  Journal(const FileCalls& calls, std::string path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const std::string& path() const { return path_; }
  State state() const { return state_; }
  const std::vector<Errors>& done() const { return done_; }  // found, one for each tensor, in their order
  size_t noted() const { return noted_; }                    // tensors in all, found and added
  // Why the state that was found belongs to another conversion; "" if it belongs to this one.
  std::string difference(const Fingerprint& wanted) const;

  void begin(const Fingerprint& fingerprint);  // forgets what was there
  void add(const std::vector<Errors>& tensors);
  void complete();
  void remove();

 private:
  void read();
  bool take_line(std::string_view line);
  void append(const std::string& lines);

  const FileCalls& calls_;
  std::string path_;
  int descriptor_ = -1;
  State state_ = State::kNone;
  std::optional<Fingerprint> fingerprint_;
  std::vector<Errors> done_;
  size_t noted_ = 0;
  uint64_t size_ = 0;  // of the lines that count
};

}  // namespace grok1

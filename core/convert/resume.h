// Where a conversion begins: anew, behind the last tensor that an earlier run brought to the disk, or where that run
// was about to give the files their names. And what it leaves behind when it fails.
#pragma once

#include "core/base/failure.h"
#include "core/convert/convert.h"
#include "core/convert/journal.h"
#include "core/convert/part_files.h"
#include "core/convert/plan.h"

namespace grok1 {

// The files of a conversion and its journal. Made before anything is read; throws what convert_model throws for
// targets that exist, state that does not fit and disks that are full.
class ConversionState {
 public:
  ConversionState(const ConvertRequest& request, const Plan& plan, const Fingerprint& fingerprint);

  PartFiles& files() { return files_; }
  Journal& journal() { return journal_; }
  size_t done() const { return journal_.done().size(); }  // tensors, from the first
  bool is_complete() const { return journal_.state() == Journal::State::kComplete; }

  // Gives the files their names and forgets the journal.
  void finish();
  // After a failure: keeps what another run can go on with. A disk that is full gets its room back, unless the work is
  // complete or was there before.
  void leave(grok1_status failure) noexcept;

 private:
  bool may_go_on(const Fingerprint& fingerprint) const;
  void require_no_target() const;
  void write_headers(const Plan& plan);

  const ConvertRequest& request_;
  PartFiles files_;
  Journal journal_;
  bool goes_on_ = false;
};

// Of the files that the source's tensors lie in.
uint64_t fingerprint_of(const TensorSource& source);

}  // namespace grok1

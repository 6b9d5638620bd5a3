#include "core/convert/resume.h"

#include "core/convert/disk.h"
#include "core/convert/hash.h"

namespace grok1 {
namespace {

std::vector<PartFiles::Target> targets_of(const std::string& path, const GgufLayout& layout) {
  std::vector<PartFiles::Target> targets;
  for (size_t i = 0; i < layout.files.size(); ++i)
    targets.push_back({gguf_shard_path(path, i, layout.files.size()), layout.files[i].bytes});
  return targets;
}

[[noreturn]] void fail_exists(const PartFiles& files) {
  fail(GROK1_E_EXISTS,
       "{}: this file exists; name another one, or have it replaced (GROK1_CONVERT_OVERWRITE, --overwrite)",
       files.targets().front().path);
}

// Of a target that must not be replaced nothing is begun, not even the journal.
std::string journal_path(const ConvertRequest& request, const PartFiles& files) {
  std::string path = request.path + ".part.journal";
  const bool overwrite = (request.options.flags & GROK1_CONVERT_OVERWRITE) != 0;
  if (!is_on_disk(path) && files.any_target_exists() && !overwrite) fail_exists(files);
  return path;
}

}  // namespace

ConversionState::ConversionState(const ConvertRequest& request, const Plan& plan, const Fingerprint& fingerprint)
    : request_(request),
      files_(*request.calls, targets_of(request.path, plan.layout)),
      journal_(*request.calls, journal_path(request, files_)) {
  if (may_go_on(fingerprint) && done() <= plan.tensors.size()) {
    goes_on_ = true;
    if (is_complete()) return;
    require_no_target();
    files_.open(false);
    write_headers(plan);
    return;
  }
  require_no_target();
  try {
    journal_.begin(fingerprint);
    files_.open(true);
    write_headers(plan);
  } catch (const Failure& failure) {
    leave(failure.status());
    throw;
  }
}

bool ConversionState::may_go_on(const Fingerprint& fingerprint) const {
  if ((request_.options.flags & GROK1_CONVERT_NO_RESUME) != 0) return false;
  if (const std::string difference = journal_.difference(fingerprint); !difference.empty()) {
    fail(GROK1_E_EXISTS,
         "{}: a conversion to this target was begun and stopped, and {}; give it what it was begun with, or remove "
         "this file, or begin anew with GROK1_CONVERT_NO_RESUME (--no-resume)",
         journal_.path(), difference);
  }
  return journal_.state() != Journal::State::kNone && files_.all_exist(is_complete());
}

void ConversionState::require_no_target() const {
  if ((request_.options.flags & GROK1_CONVERT_OVERWRITE) != 0 || !files_.any_target_exists()) return;
  fail_exists(files_);
}

// Also of files that are there: the run that made them may have ended before it came to this.
void ConversionState::write_headers(const Plan& plan) {
  for (uint32_t i = 0; i < plan.layout.files.size(); ++i) {
    const std::string& header = plan.layout.files[i].header;
    files_.write(i, header.data(), header.size(), 0);
    files_.sync(i);
  }
  sync_folder_of(*request_.calls, request_.path);
}

void ConversionState::finish() {
  files_.rename_all((request_.options.flags & GROK1_CONVERT_OVERWRITE) != 0);
  journal_.remove();
  sync_folder_of(*request_.calls, request_.path);
}

void ConversionState::leave(grok1_status failure) noexcept {
  const bool of_use = journal_.noted() > 0 && failure != GROK1_E_DISK_FULL;
  if (goes_on_ || is_complete() || failure == GROK1_E_CANCELLED || of_use) return;
  try {
    files_.remove();
    journal_.remove();
  } catch (const std::exception&) {  // the first failure is the one to tell of
  }
}

uint64_t fingerprint_of(const TensorSource& source) {
  Hash hash;
  for (const Tensor& tensor : source.tensors()) {
    for (const StoredArray* array : {&tensor.values, &tensor.scales}) {
      for (const TensorPart& part : array->parts) {
        hash.add(part.offset);
        for (const MappedFile& file : part.file->files()) {
          const FileStamp& stamp = file.stamp();
          for (const uint64_t number :
               {uint64_t{stamp.device}, uint64_t{stamp.inode}, stamp.size, static_cast<uint64_t>(stamp.changed_ns)})
            hash.add(number);
        }
      }
    }
  }
  return hash.value();
}

}  // namespace grok1

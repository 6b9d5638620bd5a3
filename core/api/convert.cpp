#include "core/convert/convert.h"

#include "core/api/handles.h"

using namespace grok1;

namespace {

grok1_convert_options read_options(const grok1_convert_options* options) {
  const grok1_convert_options known =
      read_struct<grok1_convert_options>(options, GROK1_INIT(grok1_convert_options), "options");
  constexpr uint32_t kKnown = GROK1_CONVERT_DRY_RUN | GROK1_CONVERT_OVERWRITE | GROK1_CONVERT_NO_RESUME;
  if ((known.flags & ~kKnown) != 0) {
    fail(GROK1_E_INVALID_ARGUMENT, "grok1_convert_options.flags: GROK1_CONVERT_* wanted, found {:#x}", known.flags);
  }
  return known;
}

}  // namespace

grok1_status grok1_model_convert(const grok1_model* model, const char* path, size_t path_size,
                                 const grok1_convert_options* options, grok1_convert_report* report, grok1_error* err) {
  return enter(err, [&] {
    const Model& impl = *require(model, "model").impl;
    if (report != nullptr) check_output<grok1_convert_report>(report, GROK1_INIT(grok1_convert_report), "report");
    ConvertRequest request;
    request.options = read_options(options);
    request.path = read_path(path, path_size);
    request.source = &impl.source();
    const std::shared_ptr<Cancel> cancel = request.options.cancel != nullptr ? request.options.cancel->impl : nullptr;
    request.cancelled = [&] { return cancel != nullptr && cancel->requested(); };
    request.log = [&](int32_t level, const std::string& message) {
      const auto& known = request.options;
      if (known.log != nullptr) known.log(known.log_user, level, message.c_str(), message.size());
    };
    VocabularyPieces vocabulary;
    if (impl.tokenizer() != nullptr) {
      vocabulary = impl.tokenizer()->pieces();
      request.vocabulary = &vocabulary;
    }
    const grok1_convert_report done = convert_model(request);
    if (report != nullptr) write_struct(report, done);
  });
}

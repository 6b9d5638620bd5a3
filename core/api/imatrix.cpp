#include "core/runtime/imatrix.h"

#include "core/api/handles.h"

using namespace grok1;

namespace {

ImatrixText text_of(const grok1_imatrix_options& options, const Limits& limits) {
  if (options.flags != 0)
    fail(GROK1_E_INVALID_ARGUMENT, "grok1_imatrix_options.flags: 0 wanted, found {:#x}", options.flags);
  return {options.dataset != nullptr ? options.dataset : "",
          options.chunk_tokens != 0 ? options.chunk_tokens : limits.context_tokens};
}

HeadMatrix head_of(const Weights& weights) {
  return weights.members[weights.division.head()].head != nullptr ? HeadMatrix::output : HeadMatrix::embedding;
}

}  // namespace

grok1_status grok1_imatrix_create(grok1_session* session, grok1_imatrix** imatrix, grok1_error* err) {
  return enter(err, [&] {
    const std::shared_ptr<Session>& impl = require(session, "session").impl;
    require(imatrix, "imatrix");
    const Session::Use use(*impl);
    auto made = std::make_unique<grok1_imatrix>();
    made->session = impl;
    made->sums = impl->sum_inputs();
    *imatrix = made.release();
  });
}

grok1_status grok1_imatrix_write(grok1_imatrix* imatrix, const char* path, size_t path_size,
                                 const grok1_imatrix_options* options, grok1_error* err) {
  return enter(err, [&] {
    const grok1_imatrix& self = require(imatrix, "imatrix");
    const std::string file = read_path(path, path_size);
    const auto known = read_struct<grok1_imatrix_options>(options, GROK1_INIT(grok1_imatrix_options), "options");
    const Session::Use use(*self.session);
    write_imatrix(*self.sums, head_of(self.session->model().weights()), text_of(known, self.session->limits()), file);
  });
}

void grok1_imatrix_release(grok1_imatrix* imatrix) {
  if (imatrix == nullptr) return;
  imatrix->sums->abandon();
  delete imatrix;
}

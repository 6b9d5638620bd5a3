#include "core/api/handles.h"
#include "core/base/encoding.h"
#include "core/convert/encoding_sizes.h"

using namespace grok1;

namespace {

grok1_model_options read_options(const grok1_model_options* options) {
  const grok1_model_options known =
      read_struct<grok1_model_options>(options, GROK1_INIT(grok1_model_options), "options");
  if (known.flags != 0) fail(GROK1_E_INVALID_ARGUMENT, "grok1_model_options.flags: 0 wanted, found {:#x}", known.flags);
  return known;
}

std::shared_ptr<Runtime> runtime_or_own(grok1_runtime* runtime) {
  if (runtime != nullptr) return runtime->impl;
  const grok1_runtime_options defaults = GROK1_INIT(grok1_runtime_options);
  return std::make_shared<Runtime>(defaults);
}

std::unique_ptr<grok1_model> make_handle(std::shared_ptr<Model> impl, std::string devices) {
  auto handle = std::make_unique<grok1_model>();
  handle->impl = std::move(impl);
  handle->encoding = encoding_name(handle->impl->source().find(TensorRole::kGate).values.encoding);
  handle->devices = std::move(devices);
  return handle;
}

bool is_released_size(const Config& config) {
  const Config grok1;
  return config.layers == grok1.layers && config.d_model == grok1.d_model && config.heads == grok1.heads &&
         config.kv_heads == grok1.kv_heads && config.head_dim == grok1.head_dim && config.ffn == grok1.ffn &&
         config.experts == grok1.experts && config.experts_used == grok1.experts_used &&
         config.vocab_size == grok1.vocab_size;
}

void fill_numbers(grok1_model_info& info, const Config& config) {
  info.layers = config.layers;
  info.d_model = config.d_model;
  info.heads = config.heads;
  info.kv_heads = config.kv_heads;
  info.head_dim = config.head_dim;
  info.ffn = config.ffn;
  info.experts = config.experts;
  info.experts_used = config.experts_used;
  info.vocab_size = config.vocab_size;
  info.context = config.context;
  info.embedding_multiplier = config.embedding_multiplier;
  info.output_multiplier = config.output_multiplier;
  info.attention_multiplier = config.attention_multiplier;
  info.attention_soft_cap = config.attention_soft_cap;
  info.rope_base = config.rope_base;
  info.rms_norm_eps = config.rms_norm_eps;
  info.pad_id = config.pad_id;
  info.bos_id = config.bos_id;
  info.eos_id = config.eos_id;
}

}  // namespace

grok1_status grok1_model_plan(grok1_runtime* runtime, const char* path, size_t path_size,
                              const grok1_model_options* options, grok1_plan* plan, grok1_error* err) {
  return enter(err, [&] {
    const grok1_model_options known = read_options(options);
    check_output<grok1_plan>(plan, GROK1_INIT(grok1_plan), "plan");
    const std::string file = read_path(path, path_size);
    const std::shared_ptr<Runtime> impl = runtime_or_own(runtime);
    const LogDelivery delivery(impl.get());
    const std::unique_ptr<TensorSource> source = open_model(file);
    Placement placement = place_model(*impl, *source, known);
    measure_context(placement, *source);
    write_struct(plan, placement.plan);
    require_fit(placement);
  });
}

grok1_status grok1_model_plan_device(grok1_runtime* runtime, const char* path, size_t path_size,
                                     const grok1_model_options* options, size_t index, grok1_plan_device* row,
                                     grok1_error* err) {
  return enter(err, [&] {
    const grok1_model_options known = read_options(options);
    check_output<grok1_plan_device>(row, GROK1_INIT(grok1_plan_device), "row");
    const std::string file = read_path(path, path_size);
    const std::shared_ptr<Runtime> impl = runtime_or_own(runtime);
    const LogDelivery delivery(impl.get());
    const std::unique_ptr<TensorSource> source = open_model(file);
    const Placement placement = place_model(*impl, *source, known);
    if (index >= placement.rows.size()) fail(GROK1_E_OUT_OF_RANGE, "no such device");
    write_struct(row, placement.rows[index]);
  });
}

grok1_status grok1_model_probe(const char* path, size_t path_size, const grok1_model_options* options,
                               grok1_model** model, grok1_error* err) {
  return enter(err, [&] {
    const grok1_model_options known = read_options(options);
    require(model, "model");
    *model = make_handle(Model::probe(read_path(path, path_size), known), "").release();
  });
}

grok1_status grok1_model_load(grok1_runtime* runtime, const char* path, size_t path_size,
                              const grok1_model_options* options, grok1_model** model, grok1_error* err) {
  return enter(err, [&] {
    const grok1_model_options known = read_options(options);
    require(model, "model");
    const std::string file = read_path(path, path_size);
    const std::shared_ptr<Cancel> cancel = known.cancel != nullptr ? known.cancel->impl : nullptr;
    const std::shared_ptr<Runtime> owner = runtime_or_own(runtime);
    const LogDelivery delivery(owner.get());
    std::shared_ptr<Model> impl = Model::load(owner, file, known, cancel.get());
    std::string devices = names_of(impl->plan_devices());
    *model = make_handle(std::move(impl), std::move(devices)).release();
  });
}

void grok1_model_release(grok1_model* model) {
  delete model;
}

grok1_status grok1_model_get_info(const grok1_model* model, grok1_model_info* info) {
  return enter(nullptr, [&] {
    const Model& impl = *require(model, "model").impl;
    check_output<grok1_model_info>(info, GROK1_INIT(grok1_model_info), "info");
    const TensorSource& source = impl.source();
    grok1_model_info value = GROK1_INIT(grok1_model_info);
    value.name = is_released_size(impl.config()) ? "Grok-1" : "Grok-1 architecture";
    value.format = source.format().data();
    value.encoding = model->encoding.c_str();
    value.devices = model->devices.c_str();
    value.parameters = count_weights(source);
    value.file_bytes = source.file_bytes();
    value.n_files = source.n_files();
    value.n_tensors = static_cast<uint32_t>(source.tensors().size());
    value.has_tokenizer = impl.tokenizer() != nullptr ? 1 : 0;
    fill_numbers(value, impl.config());
    write_struct(info, value);
  });
}

grok1_status grok1_model_device(const grok1_model* model, size_t index, grok1_plan_device* row) {
  return enter(nullptr, [&] {
    const std::vector<grok1_plan_device>& rows = require(model, "model").impl->plan_devices();
    check_output<grok1_plan_device>(row, GROK1_INIT(grok1_plan_device), "row");
    if (index >= rows.size()) fail(GROK1_E_OUT_OF_RANGE, "no such device");
    write_struct(row, rows[index]);
  });
}

grok1_status grok1_model_measure(const grok1_model* model, size_t index, uint64_t read_bytes, grok1_rates* rates,
                                 grok1_error* err) {
  return enter(err, [&] {
    const Model& impl = *require(model, "model").impl;
    check_output<grok1_rates>(rates, GROK1_INIT(grok1_rates), "rates");
    write_struct(rates, impl.measure(index, read_bytes));
  });
}

grok1_status grok1_model_fit_encoding(const grok1_model* model, const grok1_plan* plan, size_t index,
                                      grok1_encoding_fit* fit) {
  return enter(nullptr, [&] {
    const TensorSource& source = require(model, "model").impl->source();
    const grok1_plan known = read_struct<grok1_plan>(plan, GROK1_INIT(grok1_plan), "plan", true);
    check_output<grok1_encoding_fit>(fit, GROK1_INIT(grok1_encoding_fit), "fit");
    const std::vector<uint32_t>& encodings = convertible_encodings();
    if (index >= encodings.size()) fail(GROK1_E_OUT_OF_RANGE, "no such encoding");
    grok1_encoding_fit value = GROK1_INIT(grok1_encoding_fit);
    value.encoding = encodings[index];
    value.name = encoding_name(value.encoding);
    value.weight_bytes = bytes_encoded(source, value.encoding);
    value.needed_in_memory = value.weight_bytes + known.kv_bytes + known.scratch_bytes;
    value.bits_per_weight = 8.0 * static_cast<double>(value.weight_bytes) / static_cast<double>(count_weights(source));
    value.fits = value.needed_in_memory <= known.available ? 1 : 0;
    write_struct(fit, value);
  });
}

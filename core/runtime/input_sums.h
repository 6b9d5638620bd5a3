// Sums of squares of what the linear layers of a model are given: the importance of each input of each matrix. Collects
// what the devices of a session show (extension grok1.inputs/1), each its share, in double and in the order of rows, so
// that the sums depend neither on threads nor on how a text was cut into passes. Knows no file; imatrix.h writes one.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/model/pass.h"

namespace grok1 {

// Of one matrix, or of several that share their inputs.
struct SumsOfInputs {
  uint64_t k = 0;
  std::vector<double> squares;   // [experts, k]; one expert for a plain matrix
  std::vector<uint64_t> counts;  // [experts] rows

  SumsOfInputs() = default;
  SumsOfInputs(uint64_t inputs, uint32_t experts) : k(inputs), squares(inputs * experts), counts(experts) {}
};

class InputSums {
 public:
  struct Layer {
    SumsOfInputs qkv, o, gate_up, down;
  };

  // `devices` names the members, for messages.
  InputSums(const grok1_model_desc& model, const Division& division, std::vector<std::string> devices);
  InputSums(const InputSums&) = delete;
  InputSums& operator=(const InputSums&) = delete;

  // From attach() to detach() every pass adds its rows. Throws GROK1_E_UNSUPPORTED where a device of the pass cannot
  // show its inputs.
  void attach(const Pass& pass);
  static void detach(const Pass& pass) noexcept;

  // Rows that a member shows.
  void add(uint32_t member, const grok1_inputs& inputs) noexcept;

  // Any thread: nobody wants them any more.
  void abandon() noexcept { abandoned_.store(true, std::memory_order_release); }
  bool is_abandoned() const noexcept { return abandoned_.load(std::memory_order_acquire); }

  const std::vector<Layer>& layers() const { return layers_; }
  const SumsOfInputs& head() const { return head_; }
  // Throws GROK1_E_BACKEND if a member showed what it does not have: that was not added.
  void require_sound() const;

 private:
  // What a member's steps hand back to add().
  struct Seat {
    InputSums* sums;
    uint32_t member;
  };
  // Where rows are added: some columns of a matrix. Without a matrix they are not what the member has.
  struct Place {
    SumsOfInputs* matrix = nullptr;
    uint64_t k_begin = 0, width = 0;
    bool counts = true;     // not where another member counts the same rows
    bool is_wanted = true;  // not where another member shows the same numbers
  };

  static void GROK1_CALL take(void* seat, const grok1_inputs* inputs) noexcept;
  Place place(uint32_t member, const grok1_inputs& inputs);

  const grok1_model_desc desc_;
  const Division& division_;
  const std::vector<std::string> devices_;  // [members]
  std::vector<Seat> seats_;                 // [members]
  std::vector<Layer> layers_;
  SumsOfInputs head_;
  const std::string* unsound_ = nullptr;  // the device that showed what it does not have
  std::atomic<bool> abandoned_{false};
};

}  // namespace grok1

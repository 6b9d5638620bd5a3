#include "fiber.h"

#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>
#include <new>

#ifdef GROK1_EMU_ASAN
extern "C" {
void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, size_t size);
void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom_before, size_t* size_before);
void __asan_unpoison_memory_region(const volatile void* memory, size_t size);
}
#endif
#ifdef GROK1_EMU_TSAN
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* tag);
void __tsan_release(void* tag);
}
#endif

namespace gpu::emulator {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::transfer_t;

constexpr size_t kPage = 4096;
#if defined(GROK1_EMU_ASAN) || defined(GROK1_EMU_TSAN)
constexpr size_t kStack = size_t{512} << 10;  // a sanitizer's frames are larger
#else
constexpr size_t kStack = size_t{64} << 10;
#endif

struct Switch {
  Fiber* from;
  Fiber* to;
};

}  // namespace

Fiber::Fiber() : size_(kStack) {
  void* memory =
      mmap(nullptr, kPage + kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(memory);
  bottom_ = memory_ + kPage;
  mprotect(memory_, kPage, PROT_NONE);  // an overflow faults
#ifdef GROK1_EMU_TSAN
  identity_ = __tsan_create_fiber(0);
#endif
}

Fiber::Fiber(OfThread) {
#ifdef GROK1_EMU_TSAN
  identity_ = __tsan_get_current_fiber();
#endif
}

Fiber::~Fiber() {
  if (memory_ == nullptr) return;
  abandon();
#ifdef GROK1_EMU_TSAN
  __tsan_destroy_fiber(identity_);
#endif
  munmap(memory_, kPage + kStack);
}

void Fiber::abandon() {
#ifdef GROK1_EMU_ASAN
  __asan_unpoison_memory_region(bottom_, size_);
#endif
#ifdef GROK1_EMU_TSAN
  __tsan_destroy_fiber(identity_);  // it remembers calls that never returned
  identity_ = __tsan_create_fiber(0);
#endif
}

namespace {

// What the new stack does first: tells the sanitizer where it came from.
void arrive(transfer_t transfer, [[maybe_unused]] void* fake_stack, void*& from_context,
            [[maybe_unused]] const void*& from_bottom, [[maybe_unused]] size_t& from_size) {
  from_context = transfer.fctx;
#ifdef GROK1_EMU_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, &from_bottom, &from_size);
#endif
}

}  // namespace

void switch_fiber(Fiber& from, Fiber& to, [[maybe_unused]] bool ends) {
  // A fiber that is entered the first time has nobody yet who could receive the transfer but its own first function.
  struct First {
    static void enter(transfer_t transfer) {
      const Switch done = *static_cast<Switch*>(transfer.data);
      arrive(transfer, nullptr, done.from->context_, done.from->bottom_, done.from->size_);
      done.to->entry_();
    }
  };
  Switch now{&from, &to};
#ifdef GROK1_EMU_ASAN
  __sanitizer_start_switch_fiber(ends ? nullptr : &from.fake_stack_, to.bottom_, to.size_);
#endif
#ifdef GROK1_EMU_TSAN
  constexpr unsigned kNoOrder = 1;  // order comes of barriers and exchanges, not of taking turns
  __tsan_switch_to_fiber(to.identity_, kNoOrder);
#endif
  if (to.context_ == nullptr)
    to.context_ = boost::context::detail::make_fcontext(to.memory_ + kPage + kStack, kStack, First::enter);
  const transfer_t transfer = boost::context::detail::jump_fcontext(static_cast<fcontext_t>(to.context_), &now);
  const Switch back = *static_cast<Switch*>(transfer.data);
  arrive(transfer, from.fake_stack_, back.from->context_, back.from->bottom_, back.from->size_);
}

void Fiber::start(void (*entry)()) {
  entry_ = entry;
  context_ = nullptr;
}

void happens_before([[maybe_unused]] void* tag) {
#ifdef GROK1_EMU_TSAN
  __tsan_release(tag);
#endif
}

void happens_after([[maybe_unused]] void* tag) {
#ifdef GROK1_EMU_TSAN
  __tsan_acquire(tag);
#endif
}

}  // namespace gpu::emulator

#include "block.h"

#include <cstring>
#include <utility>

#include "fiber.h"
#include "memory.h"
#include "shared.h"

namespace gpu::emulator {

Running running;
Traffic traffic;

namespace {

constexpr int kMostThreads = 1024;
#ifdef GROK1_EMU_TSAN
constexpr bool kOwnFibers = true;  // a thread has an identity, another one in the next block
#else
constexpr bool kOwnFibers = false;
#endif

enum class State : uint8_t { kFresh, kReady, kAtBarrier, kExchanging, kEnded };

struct Thread {
  State state;
  Fiber* fiber;
  Site site;  // where it waits
  uint64_t value;
};

struct Wave {
  int arrived;
  int mask;
  Site site;
};

// The block that runs. Plain arrays: nothing here may be seen by a sanitizer.
struct Block {
  BlockPlan plan;
  int n = 0, wave = 0;
  Thread threads[kMostThreads];
  Wave waves[kMostThreads / 32];
  int queue[kMostThreads];  // runnable threads, a ring
  int head, count;
  int at_barrier, ended;
  int generation;  // of the barrier
  Site barrier_site;
  SharedArrays shared;
  uint64_t random;

  int bank;                      // of own fibers: blocks take turns
  Fiber* all[2 * kMostThreads];  // made so far
  int n_fibers = 0;
  Fiber* free[2 * kMostThreads];
  int n_free;
  Fiber* self;  // the fiber that runs
  Fiber* outside;

  std::string* error;

  uint64_t begin_tag, end_tag, fence_tag, barrier_tags[2][2];  // addresses for ThreadSanitizer: 8 bytes are one to it
};
Block block;

bool same(Site a, Site b) {
  return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

std::string text(Site site) {
  return std::string(site.file) + ":" + std::to_string(site.line);
}

// ---- who runs next ----

void make_ready(int thread) {
  block.queue[(block.head + block.count++) % kMostThreads] = thread;
}

void make_ready_first(int thread) {
  block.head = (block.head + kMostThreads - 1) % kMostThreads;
  ++block.count;
  block.queue[block.head] = thread;
}

// All threads of [begin, end) that are in that state, in the schedule's order.
void make_ready(int begin, int end, State from) {
  const bool first = block.plan.order == Order::kAhead && from == State::kExchanging;
  const bool reverse = block.plan.order == Order::kReverse || first;
  for (int i = begin; i < end; ++i) {
    const int t = reverse ? end - 1 - (i - begin) : i;
    if (block.threads[t].state != from) continue;
    if (from != State::kFresh) block.threads[t].state = State::kReady;
    first ? make_ready_first(t) : make_ready(t);
  }
}

int take() {
  if (block.plan.order == Order::kShuffle) {
    block.random ^= block.random << 13, block.random ^= block.random >> 7, block.random ^= block.random << 17;
    const int other = (block.head + static_cast<int>(block.random % static_cast<uint64_t>(block.count))) % kMostThreads;
    std::swap(block.queue[block.head], block.queue[other]);
  }
  const int thread = block.queue[block.head];
  block.head = (block.head + 1) % kMostThreads;
  --block.count;
  return thread;
}

void live();

void make_fibers(int wanted) {
  while (block.n_fibers < wanted) {
    block.all[block.n_fibers] = new Fiber;
    block.free[block.n_free++] = block.all[block.n_fibers++];
  }
}

Fiber* fiber_for(int thread) {
  if (kOwnFibers) return block.all[2 * thread + block.bank];
  if (block.n_free == 0) make_fibers(block.n_fibers + 1);
  return block.free[--block.n_free];
}

// Leaves the running fiber for the next thread, or for the outside if there is none.
void pass_on(bool ends) {
  happens_before(&block.end_tag);  // should the block be given up, then the host comes after
  Fiber* to = block.outside;
  if (block.count > 0) {
    const int t = take();
    running.thread = t;
    Thread& thread = block.threads[t];
    if (thread.state == State::kFresh) {
      thread.fiber = fiber_for(t);
      thread.fiber->start(live);
    }
    to = thread.fiber;
  }
  Fiber* from = block.self;
  if (to == from) return;  // first of those that its own arrival made ready
  block.self = to;
  switch_fiber(*from, *to, ends);
}

// A fiber's life: threads, one after the other, as long as they do not wait.
void live() {
  for (;;) {
    Thread& thread = block.threads[running.thread];
    thread.state = State::kReady;
    thread.fiber = block.self;
    happens_after(&block.begin_tag);
    block.plan.launch->body();
    happens_before(&block.end_tag);
    thread.state = State::kEnded;
    ++block.ended;
    if (!kOwnFibers && block.count > 0) {
      const int next = take();
      if (block.threads[next].state == State::kFresh) {
        running.thread = next;
        continue;
      }
      make_ready_first(next);  // back where it was
    }
    if (!kOwnFibers) block.free[block.n_free++] = block.self;
    pass_on(true);
  }
}

// ---- errors ----

// Ends the block; the caller has nothing left to destroy.
[[noreturn]] void give_up() {
  happens_before(&block.end_tag);
  Fiber* from = block.self;
  block.self = block.outside;
  switch_fiber(*from, *block.outside, true);
  __builtin_unreachable();
}

void set_error(int thread, const std::string& what) {
  if (block.error->empty()) *block.error = "thread " + std::to_string(thread) + " " + what;
}

std::string doing(int thread) {
  const Thread& t = block.threads[thread];
  if (t.state == State::kEnded) return "ended";
  return (t.state == State::kAtBarrier ? "waits at the barrier of " : "exchanges values at ") + text(t.site);
}

// Nobody can run and not all have ended: one waits for another that will not come.
void explain_deadlock() {
  int waits = 0;
  while (block.threads[waits].state == State::kEnded) ++waits;
  int other = -1, first = 0, end = block.n;
  if (block.threads[waits].state == State::kExchanging) {  // for a lane of its wave
    first = waits / block.wave * block.wave;
    end = first + block.wave;
    if (end > block.n)
      return set_error(waits, doing(waits) + ", but its wave has only " + std::to_string(block.n - first) + " of " +
                                  std::to_string(block.wave) + " lanes");
  }
  for (int t = first; t < end && other < 0; ++t)
    if (block.threads[t].state != block.threads[waits].state) other = t;
  set_error(waits, doing(waits) + " for ever: thread " + std::to_string(other) + " " + doing(other));
}

// ---- memory ----

[[noreturn]] void refuse_access(const void* address, size_t size, const char* verb) {
  if (block.error == nullptr)
    throw Error{Error::Kind::kOther, 1, std::string("device memory is ") + verb + " outside of a kernel"};
  if (find(address, size, block.plan.device) != nullptr)
    set_error(running.thread, std::string(verb) + " " + std::to_string(size) +
                                  " bytes at an address that is no multiple of " + std::to_string(size));
  else
    set_error(running.thread, std::string(verb) + " memory and " + describe(address, size, block.plan.device));
  give_up();
}

bool has(const uint64_t* bits, size_t sector) {
  return (bits[sector / 64] >> sector % 64 & 1) != 0;
}

// Counts the sector of an access, once: an access is aligned and not larger.
void count(uint64_t* bits, size_t sector, uint64_t& sectors) {
  if (has(bits, sector)) return;
  bits[sector / 64] |= uint64_t{1} << sector % 64;
  ++sectors;
}

char* access(const void* address, size_t size, const char* verb, uint64_t* Allocation::*bits, uint64_t& sectors) {
  char* memory = block.error == nullptr ? nullptr : find(address, size, block.plan.device);
  const uintptr_t at = reinterpret_cast<uintptr_t>(memory);
  if (memory == nullptr || at % size != 0) refuse_access(address, size, verb);
  traffic.requested += size;
  if (traffic.sectors) {
    const Allocation& a = allocation_of(reinterpret_cast<uintptr_t>(address));
    const size_t sector = (at - a.base) / kSector;
    if (!(bits == &Allocation::read && has(a.written, sector))) count(a.*bits, sector, sectors);
  }
  return memory;
}

}  // namespace

const void* readable(const void* address, size_t size) {
  return access(address, size, "reads", &Allocation::read, traffic.sectors_read);
}

void* writable(void* address, size_t size) {
  return access(address, size, "writes", &Allocation::written, traffic.sectors_written);
}

void* shared_array(const char* site, const char* name, size_t size, size_t alignment) {
  void* memory = block.shared.find_or_add(site, name, size, alignment);
  if (memory != nullptr) return memory;
  set_error(running.thread, "declares the shared array " + std::string(name) + ": with it a block has " +
                                std::to_string(block.shared.size() + size) + " bytes, more than " +
                                std::to_string(SharedArrays::kMost));
  give_up();
}

void barrier(Site site) {
  const int me = running.thread;
  if (block.at_barrier == 0) block.barrier_site = site;
  if (!same(site, block.barrier_site)) {
    set_error(me,
              "waits at the barrier of " + text(site) + " while others wait at that of " + text(block.barrier_site));
    give_up();
  }
  uint64_t* tag = &block.barrier_tags[block.bank][block.generation];  // no other block's, nor the next barrier's
  happens_before(tag);
  block.threads[me].site = site;
  block.threads[me].state = State::kAtBarrier;
  if (++block.at_barrier == block.n) {  // the last to come is no further than the others
    block.at_barrier = 0;
    block.generation ^= 1;
    make_ready(0, block.n, State::kAtBarrier);
  }
  pass_on(false);
  happens_after(tag);
}

uint64_t exchange(uint64_t value, int mask, Site site) {
  const int me = running.thread, lane = me % block.wave, first = me - lane;
  Wave& wave = block.waves[me / block.wave];
  Thread& thread = block.threads[me];
  if (wave.arrived == 0) wave.site = site, wave.mask = mask;
  if (!same(site, wave.site) || mask != wave.mask || mask < 0 || mask >= block.wave) {
    set_error(me, "exchanges values at " + text(site) + " with mask " + std::to_string(mask) +
                      (mask < 0 || mask >= block.wave ? ": a wave has " + std::to_string(block.wave) + " lanes"
                                                      : ", other lanes of its wave at " + text(wave.site) +
                                                            " with mask " + std::to_string(wave.mask)));
    give_up();
  }
  thread.site = site;
  thread.value = value;
  if (++wave.arrived < block.wave) {
    thread.state = State::kExchanging;
    pass_on(false);
    return thread.value;
  }
  wave.arrived = 0;
  for (int l = 0; l < block.wave; ++l)
    if (l < (l ^ mask)) std::swap(block.threads[first + l].value, block.threads[first + (l ^ mask)].value);
  make_ready(first, first + block.wave, State::kExchanging);
  return thread.value;
}

void fence() {
  happens_before(&block.fence_tag);
  happens_after(&block.fence_tag);
}

std::string run_block(const BlockPlan& plan) {
  Fiber outside{Fiber::OfThread{}};
  std::string error;
  block.plan = plan;
  block.n = plan.launch->threads;
  block.wave = plan.launch->wave;
  for (int t = 0; t < block.n; ++t) block.threads[t].state = State::kFresh;
  for (Wave& w : block.waves) w.arrived = 0;
  block.head = block.count = block.at_barrier = block.ended = 0;
  block.random = plan.seed * 0x9e3779b97f4a7c15u | 1;
  block.n_free = 0;
  for (int i = block.n_fibers; i > 0; --i) block.free[block.n_free++] = block.all[i - 1];
  block.bank ^= 1;
  if (kOwnFibers) make_fibers(2 * block.n);  // by the host: what made a fiber would happen before it
  block.self = block.outside = &outside;
  block.error = &error;
  running.block = plan.index;
  make_ready(0, block.n, State::kFresh);

  happens_before(&block.begin_tag);
  pass_on(false);
  if (!error.empty() || block.ended < block.n) end_grid();  // the text may be a thread's
  if (error.empty() && block.ended < block.n) explain_deadlock();
  if (!error.empty())
    for (int i = 0; i < block.n_fibers; ++i) block.all[i]->abandon();
  const std::string overrun = block.shared.release();
  if (error.empty()) error = overrun;
  block.error = nullptr;
  return error;
}

void end_grid() {
  happens_after(&block.end_tag);
}

}  // namespace gpu::emulator

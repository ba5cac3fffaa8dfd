#include "trainer/cuda/shim_block.h"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "trainer/random.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define FTOK_ADDRESS_SANITIZER 1
#else
#define FTOK_ADDRESS_SANITIZER 0
#endif

namespace ftok::shim {
namespace {

constexpr int kLanes = 32;
constexpr int kThreadsMax = 1024;             // CUDA's limit of a block
constexpr size_t kSharedBytesMax = 48 << 10;  // what a block gets without asking for more
constexpr size_t kStackBytes = 256 << 10;

enum class State : uint8_t { kReady, kBarrier, kWarp, kDone };

// A fiber enters its stack once, by swapcontext; after that it jumps, which needs no system call. It lives on from
// block to block.
struct Fiber {
  ucontext_t context;
  jmp_buf jump;
  std::unique_ptr<char[]> stack;
  bool entered = false;
  void* fake_stack = nullptr;  // the address sanitizer's
  State state = State::kReady;
  const char* call = nullptr;
  uint32_t calls = 0;  // warp-wide calls so far: slots alternate between two sets
};

struct Runner {
  std::vector<Fiber> fibers = std::vector<Fiber>(kThreadsMax);
  std::vector<Slot> slots[2] = {std::vector<Slot>(kThreadsMax), std::vector<Slot>(kThreadsMax)};
  alignas(128) char shared[kSharedBytesMax];
  std::vector<Slot> launch_shared;  // aligned as vectors of 16 bytes want it
  ucontext_t main;
  jmp_buf main_jump;
  void* main_fake_stack = nullptr;
  const void* main_stack = nullptr;
  size_t main_stack_bytes = 0;
  std::exception_ptr failure;

  Schedule schedule = Schedule::kForward;
  const std::function<void()>* kernel = nullptr;
  int threads = 0, current = 0;
  int64_t grid[3] = {1, 1, 1}, block[3] = {};
};

Runner& runner() {
  static thread_local std::unique_ptr<Runner> runner = std::make_unique<Runner>();
  return *runner;
}

#if FTOK_ADDRESS_SANITIZER

// The sanitizer wants to know of every change of stacks, and jumps between stacks confuse it.
void enter(Runner& r, Fiber& fiber) {
  __sanitizer_start_switch_fiber(&r.main_fake_stack, fiber.stack.get(), kStackBytes);
  swapcontext(&r.main, &fiber.context);
  __sanitizer_finish_switch_fiber(r.main_fake_stack, nullptr, nullptr);
}

void leave(Runner& r, Fiber& fiber) {
  __sanitizer_start_switch_fiber(&fiber.fake_stack, r.main_stack, r.main_stack_bytes);
  swapcontext(&fiber.context, &r.main);
  __sanitizer_finish_switch_fiber(fiber.fake_stack, &r.main_stack, &r.main_stack_bytes);
}

void arrive(Runner& r) { __sanitizer_finish_switch_fiber(nullptr, &r.main_stack, &r.main_stack_bytes); }

#else

void enter(Runner& r, Fiber& fiber) {
  if (_setjmp(r.main_jump) != 0) return;
  if (fiber.entered) _longjmp(fiber.jump, 1);
  fiber.entered = true;
  swapcontext(&r.main, &fiber.context);
}

void leave(Runner& r, Fiber& fiber) {
  if (_setjmp(fiber.jump) == 0) _longjmp(r.main_jump, 1);
}

void arrive(Runner&) {}

#endif

// From the main context into a fiber, until it waits or is done.
void resume(Runner& r, int thread) {
  r.current = thread;
  enter(r, r.fibers[static_cast<size_t>(thread)]);
}

// From a fiber back to the main context.
void wait(Runner& r, State state) {
  Fiber& fiber = r.fibers[static_cast<size_t>(r.current)];
  fiber.state = state;
  leave(r, fiber);
}

// The kernel, once for every block.
void fiber_main() {
  Runner& r = runner();
  arrive(r);
  for (;;) {
    try {
      (*r.kernel)();
    } catch (...) {
      r.failure = std::current_exception();
    }
    wait(r, State::kDone);
  }
}

// A fiber that is done continues with the next block; one that is not there yet, or was left in the middle by a
// failure, starts over.
void start(Runner& r, int thread) {
  Fiber& fiber = r.fibers[static_cast<size_t>(thread)];
  if (!fiber.stack || fiber.state != State::kDone) {
    if (!fiber.stack) fiber.stack = std::make_unique<char[]>(kStackBytes);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, fiber_main, 0);
    fiber.entered = false;
  }
  fiber.state = State::kReady;
  fiber.calls = 0;
}

// The order in which n things take their turns.
std::vector<int64_t> order_of(Schedule schedule, int64_t n, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  if (schedule == Schedule::kBackward) std::reverse(order.begin(), order.end());
  if (schedule == Schedule::kShuffled) {
    for (int64_t i = 0; i < n; ++i) {
      order[static_cast<size_t>(i)] =
          static_cast<int64_t>(random_permutation(seed, 77, static_cast<uint64_t>(i), static_cast<uint64_t>(n)));
    }
  }
  return order;
}

// Frees a warp whose lanes have all reached the same call; tells whether it did.
bool release_warp(Runner& r, int first) {
  const char* const call = r.fibers[static_cast<size_t>(first)].call;
  for (int i = first; i < first + kLanes; ++i) {
    const Fiber& fiber = r.fibers[static_cast<size_t>(i)];
    if (fiber.state != State::kWarp) return false;
    if (std::strcmp(fiber.call, call) != 0) {
      throw std::logic_error(std::string("shim: lanes of a warp at ") + call + " and at " + fiber.call);
    }
  }
  for (int i = first; i < first + kLanes; ++i) r.fibers[static_cast<size_t>(i)].state = State::kReady;
  return true;
}

// After all threads have run as far as they can: who may go on? False when all are done.
bool release(Runner& r) {
  bool released = false;
  int done = 0, waiting = 0;
  for (int i = 0; i < r.threads; ++i) {
    done += r.fibers[static_cast<size_t>(i)].state == State::kDone;
    waiting += r.fibers[static_cast<size_t>(i)].state == State::kBarrier;
  }
  if (done == r.threads) return false;
  for (int first = 0; first < r.threads; first += kLanes) {
    if (r.fibers[static_cast<size_t>(first)].state == State::kWarp) released |= release_warp(r, first);
  }
  if (waiting == r.threads) {
    for (int i = 0; i < r.threads; ++i) r.fibers[static_cast<size_t>(i)].state = State::kReady;
    released = true;
  }
  if (!released) throw std::logic_error("shim: threads wait for others that are done or wait elsewhere");
  return true;
}

void run_block(Runner& r, const std::vector<int64_t>& order) {
  std::memset(r.shared, 0xFF, sizeof r.shared);
  if (!r.launch_shared.empty()) {  // memset takes no null pointer
    std::memset(static_cast<void*>(r.launch_shared.data()), 0xFF, r.launch_shared.size() * sizeof(Slot));
  }
  for (int i = 0; i < r.threads; ++i) start(r, i);
  do {
    for (const int64_t thread : order) {
      if (r.fibers[static_cast<size_t>(thread)].state != State::kReady) continue;
      resume(r, static_cast<int>(thread));
      if (r.failure) std::rethrow_exception(std::exchange(r.failure, nullptr));
    }
  } while (release(r));
}

}  // namespace

void set_schedule(Schedule schedule) { runner().schedule = schedule; }

void run_grid(int64_t x, int64_t y, int64_t z, int threads, const std::function<void()>& kernel, size_t shared_bytes) {
  if (shared_bytes > kLaunchSharedBytesMax) throw std::logic_error("shim: more shared memory than a launch can have");
  if (x < 1 || y < 1 || z < 1 || x > INT32_MAX || y > 65535 || z > 65535)
    throw std::logic_error("shim: a grid CUDA would refuse");
  if (threads < kLanes || threads > kThreadsMax || threads % kLanes != 0)
    throw std::logic_error("shim: threads of a block");
  Runner& r = runner();
  r.kernel = &kernel, r.threads = threads;
  r.launch_shared.assign((shared_bytes + sizeof(Slot) - 1) / sizeof(Slot), Slot{});
  r.grid[0] = x, r.grid[1] = y, r.grid[2] = z;
  const std::vector<int64_t> order = order_of(r.schedule, threads, 1);
  for (const int64_t i : order_of(r.schedule, x * y * z, 2)) {
    r.block[0] = i % x, r.block[1] = i / x % y, r.block[2] = i / (x * y);
    run_block(r, order);
  }
}

int thread_x() { return runner().current; }
int block_threads() { return runner().threads; }
int64_t block_x() { return runner().block[0]; }
int64_t block_y() { return runner().block[1]; }
int64_t block_z() { return runner().block[2]; }
int64_t grid_x() { return runner().grid[0]; }
int64_t grid_y() { return runner().grid[1]; }

void barrier() { wait(runner(), State::kBarrier); }

void* shared_memory(size_t bytes) {
  if (bytes > kSharedBytesMax) throw std::logic_error("shim: more shared memory than a block has");
  return runner().shared;
}

char* launch_shared_memory() { return reinterpret_cast<char*>(runner().launch_shared.data()); }

const Slot* exchange(const char* call, const Slot& mine) {
  Runner& r = runner();
  const int thread = r.current;
  Fiber& fiber = r.fibers[static_cast<size_t>(thread)];
  std::vector<Slot>& slots = r.slots[fiber.calls++ % 2];
  slots[static_cast<size_t>(thread)] = mine;
  fiber.call = call;
  wait(r, State::kWarp);
  return slots.data() + thread / kLanes * kLanes;
}

}  // namespace ftok::shim

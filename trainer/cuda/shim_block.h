// Runs a kernel's grid on the CPU, block by block (shim.h). The threads of a block are fibers of one CPU thread: each
// runs until it reaches a barrier or a warp-wide call, then the next one does. Which comes first is a setting, so that
// a test can show that it does not matter: a kernel that races gives different bits under different schedules.
//
// Throws std::logic_error for a kernel that breaks the rules: threads that leave while others wait at a barrier, lanes
// of a warp at different calls. Shared memory holds 0xFF bytes (which are not a number, as a float) when a block
// starts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace ftok::shim {

enum class Schedule : uint8_t { kForward, kBackward, kShuffled };

// Of all later grids of this CPU thread; of blocks and of the threads in a block.
void set_schedule(Schedule schedule);

// What an H100's block may ask for.
constexpr size_t kLaunchSharedBytesMax = 225 << 10;
void run_grid(int64_t x, int64_t y, int64_t z, int threads, const std::function<void()>& kernel,
              size_t shared_bytes = 0);

// For kernels, in their turn:
int thread_x();
int block_threads();
int64_t block_x();
int64_t block_y();
int64_t block_z();
int64_t grid_x();
int64_t grid_y();
void barrier();
// The block's shared memory: one struct a kernel.
void* shared_memory(size_t bytes);
// What the launch asked for beside it.
char* launch_shared_memory();

// What a lane hands to the others of its warp.
struct Slot {
  uint32_t words[6];
  const void* pointer;
};
// Waits for all 32 lanes to call it with the same `call`; returns the warp's slots, valid until the lane's next call.
const Slot* exchange(const char* call, const Slot& mine);

}  // namespace ftok::shim

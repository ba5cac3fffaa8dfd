// Data parallelism: processes ("ranks") that each hold the whole model, compute their share of every step's windows and
// add up their gradients. One interface: over TCP sockets here, over NCCL in trainer/cuda/.
//
// Sums are taken in the order of the ranks, in one place for each element, so that all ranks get the same bits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace ftok {

// Collective: every rank calls the same functions in the same order with the same sizes. Throws Error naming the rank
// that has exited, within seconds, or that has sent nothing for ten minutes; Stopped when a stop was asked for
// (core/signals.h) and the others have not finished a minute later. A rank that is destroyed while an exception is
// under way has failed; otherwise it leaves in peace, and the others may still finish what does not need it. Not
// thread-safe.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // The slice of n elements that a rank owns. Slices are contiguous, and each begins at a multiple of 16.
  struct Slice {
    int64_t begin = 0, end = 0;
    int64_t size() const { return end - begin; }
  };
  Slice slice(int64_t n, int of_rank) const;

  // Replaces this rank's slice of `values` by the sum over the ranks; the rest of `values` is undefined afterwards.
  virtual void reduce_scatter(std::span<float> values) = 0;
  // Replaces every slice by its owner's values.
  virtual void all_gather(std::span<float> values) = 0;
  // Every rank passes its slice as `own`; rank 0 receives all slices in `all` (n elements), which others do not use.
  virtual void gather(std::span<const float> own, int64_t n, std::span<float> all) = 0;
  // Replaces every element by its sum over the ranks.
  virtual void all_reduce(std::span<double> values) = 0;
  // Replaces `bytes` by rank 0's.
  virtual void broadcast(std::span<std::byte> bytes) = 0;
  // Not collective, and does not wait: throws Error naming a rank that has exited.
  virtual void check_ranks() {}

  void all_reduce(std::span<float> values) {
    reduce_scatter(values);
    all_gather(values);
  }
};

// For a single process: sends nothing.
std::unique_ptr<Communicator> make_single_communicator();

// A process's place among the others.
struct RankInfo {
  int rank = 0, size = 1;             // 0 <= rank < size
  std::string address = "127.0.0.1";  // rank 0's
  int port = 29500;                   // that rank 0 listens on (torchrun's default)
};

// From the variables that torchrun sets (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT), else from srun's (SLURM_PROCID,
// SLURM_NTASKS; rank 0 is on the first node of SLURM_STEP_NODELIST, else at SLURM_LAUNCH_NODE_IPADDR, unless
// MASTER_ADDR and MASTER_PORT are set). Where torchrun's agent listens on MASTER_PORT (TORCHELASTIC_USE_AGENT_STORE),
// rank 0 takes the next port. A single process when neither is set. `get` looks up a variable. Throws UsageError naming
// a variable that is not a number or out of range.
RankInfo rank_info_from(const std::function<std::optional<std::string>(const char*)>& get);

// How the ranks of a run find and recognise each other.
struct MeetingOptions {
  double seconds = 300;  // for all of them to come
  // A secret that all ranks know, and nobody else.
  std::string token;
  // Without one: a folder that all ranks share, made where there is none. Rank 0 leaves a new token in it, in a file
  // that its owner alone can read, until all have come.
  std::string folder;
  double answer_seconds = 10;  // that a process which has connected has to prove that it is a rank
};

// Connects all ranks with each other. Rank 0 listens on info.address alone, the others on the address that they reach
// it from. Other processes that connect are dropped and hold nobody up. Throws Error naming rank, address and port when
// ranks are missing at the end of options.seconds, one exits, or one is of another run; Stopped when a stop is asked
// for.
std::unique_ptr<Communicator> connect_ranks(const RankInfo& info, const MeetingOptions& options);

}  // namespace ftok

#include "trainer/cuda/nccl_ranks.h"

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "trainer/cuda/cuda_check.h"
#include "trainer/cuda/shared_library.h"
#include "trainer/cuda/wait_for_ranks.h"

namespace ftok {
namespace {

struct Library {
  SharedLibrary library{"libnccl.so.2"};
  decltype(ncclGetUniqueId)* get_unique_id;
  decltype(ncclCommInitRank)* init_rank;
  decltype(ncclCommDestroy)* destroy;
  decltype(ncclCommAbort)* abort;
  decltype(ncclCommGetAsyncError)* asynchronous_error;
  decltype(ncclGetErrorString)* error_string;
  decltype(ncclAllReduce)* all_reduce;
  decltype(ncclReduce)* reduce;
  decltype(ncclBroadcast)* broadcast;
  decltype(ncclGroupStart)* group_start;
  decltype(ncclGroupEnd)* group_end;

  Library() {
    library.find("ncclGetUniqueId", get_unique_id);
    library.find("ncclCommInitRank", init_rank);
    library.find("ncclCommDestroy", destroy);
    library.find("ncclCommAbort", abort);
    library.find("ncclCommGetAsyncError", asynchronous_error);
    library.find("ncclGetErrorString", error_string);
    library.find("ncclAllReduce", all_reduce);
    library.find("ncclReduce", reduce);
    library.find("ncclBroadcast", broadcast);
    library.find("ncclGroupStart", group_start);
    library.find("ncclGroupEnd", group_end);
  }
  void check(ncclResult_t result, const char* what) const {
    if (result != ncclSuccess) throw Error(std::string("NCCL: ") + what + ": " + error_string(result));
  }
};

class NcclRanks final : public DeviceRanks {
 public:
  NcclRanks(std::unique_ptr<Library> library, Communicator& ranks, Device& device)
      : library_(std::move(library)), ranks_(ranks), device_(device) {
    ncclUniqueId id{};
    if (ranks.rank() == 0) library_->check(library_->get_unique_id(&id), "cannot start");
    ranks.broadcast(std::as_writable_bytes(std::span(&id, 1)));
    library_->check(library_->init_rank(&communicator_, ranks.size(), id, ranks.rank()),
                    "the ranks cannot find each other");
  }
  // A communicator with work under way waits for ranks that may have failed: it is given up instead.
  ~NcclRanks() override {
    if (communicator_ == nullptr) return;
    if (!std::uncaught_exceptions() && cudaStreamQuery(stream()) == cudaSuccess) {
      library_->destroy(communicator_);
    } else {
      library_->abort(communicator_);
    }
  }
  NcclRanks(const NcclRanks&) = delete;
  NcclRanks& operator=(const NcclRanks&) = delete;

  void all_reduce(float* values, int64_t n) override {
    library_->check(
        library_->all_reduce(values, values, static_cast<size_t>(n), ncclFloat32, ncclSum, communicator_, stream()),
        "a sum failed");
  }
  void reduce_scatter(float* values, int64_t n) override {
    each_slice(n, [&](int rank, int64_t begin, size_t count) {
      library_->check(
          library_->reduce(values + begin, values + begin, count, ncclFloat32, ncclSum, rank, communicator_, stream()),
          "a sum failed");
    });
  }
  void all_gather(Bf16* values, int64_t n) override { broadcast_slices(values, n, ncclBfloat16); }
  void all_gather(float* values, int64_t n) override { broadcast_slices(values, n, ncclFloat32); }

  void wait() override {
    RanksWatch watch;
    watch.is_done = [&] {
      const cudaError_t code = cudaStreamQuery(stream());
      if (code != cudaErrorNotReady) cuda::check(code, "an operation failed");
      return code == cudaSuccess;
    };
    watch.error = [&]() -> std::string {
      ranks_.check_ranks();  // names the rank that has exited, as NCCL does not
      ncclResult_t result = ncclSuccess;
      library_->check(library_->asynchronous_error(communicator_, &result), "cannot query its errors");
      return result == ncclSuccess || result == ncclInProgress ? "" : library_->error_string(result);
    };
    watch.seconds = [] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    };
    watch.sleep = [](double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); };
    try {
      wait_for_ranks(watch, kRankSilenceSeconds);
    } catch (...) {
      library_->abort(std::exchange(communicator_, nullptr));  // its kernels end: no rank waits forever
      throw;
    }
  }

 private:
  cudaStream_t stream() { return static_cast<cudaStream_t>(device_.stream()); }
  // Slices differ in size by up to 16 elements, which NCCL's own scatter and gather do not allow: a group of calls, one
  // a slice.
  template <typename Body>
  void each_slice(int64_t n, const Body& body) {
    library_->check(library_->group_start(), "a group failed");
    for (int rank = 0; rank < ranks_.size(); ++rank) {
      const Communicator::Slice slice = ranks_.slice(n, rank);
      if (slice.size() > 0) body(rank, slice.begin, static_cast<size_t>(slice.size()));
    }
    library_->check(library_->group_end(), "a group failed");
  }

  template <typename T>
  void broadcast_slices(T* values, int64_t n, ncclDataType_t type) {
    each_slice(n, [&](int rank, int64_t begin, size_t count) {
      library_->check(library_->broadcast(values + begin, values + begin, count, type, rank, communicator_, stream()),
                      "a broadcast failed");
    });
  }

  std::unique_ptr<Library> library_;
  Communicator& ranks_;
  Device& device_;
  ncclComm_t communicator_ = nullptr;
};

}  // namespace

std::unique_ptr<DeviceRanks> make_nccl_ranks(Communicator& ranks, Device& device) {
  std::unique_ptr<Library> library;
  try {
    library = std::make_unique<Library>();
  } catch (const Error&) {
  }
  std::vector<double> with = {library ? 1.0 : 0.0};
  ranks.all_reduce(std::span(with));
  if (with[0] != static_cast<double>(ranks.size())) return nullptr;
  return std::make_unique<NcclRanks>(std::move(library), ranks, device);
}

}  // namespace ftok

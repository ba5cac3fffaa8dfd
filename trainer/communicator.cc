#include "trainer/communicator.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace ftok {
namespace {

constexpr int64_t kAlignment = 16;
constexpr int kRanksMax = 1024;

class SingleCommunicator final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void reduce_scatter(std::span<float>) override {}
  void all_gather(std::span<float>) override {}
  void all_reduce(std::span<double>) override {}
  void broadcast(std::span<std::byte>) override {}
};

int parse_number(const char* name, const std::string& text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    throw UsageError(fmt::format("{}=\"{}\": expected {} to {}", name, text, least, most));
  }
  return value;
}

}  // namespace

Communicator::Slice Communicator::slice(int64_t n, int of_rank) const {
  const int64_t units = (n + kAlignment - 1) / kAlignment;
  const auto at = [&](int64_t r) { return std::min(n, units * r / size() * kAlignment); };
  return {at(of_rank), at(of_rank + 1)};
}

std::unique_ptr<Communicator> make_single_communicator() { return std::make_unique<SingleCommunicator>(); }

RankInfo rank_info_from(const std::function<std::optional<std::string>(const char*)>& get) {
  RankInfo info;
  const auto number = [&](const char* name, int& value, int least, int most) {
    const std::optional<std::string> text = get(name);
    if (text) value = parse_number(name, *text, least, most);
    return text.has_value();
  };
  if (number("WORLD_SIZE", info.size, 1, kRanksMax)) {
    if (!number("RANK", info.rank, 0, info.size - 1) && info.size > 1) throw UsageError("WORLD_SIZE is set and RANK is not");
  } else if (number("SLURM_NTASKS", info.size, 1, kRanksMax)) {
    if (!number("SLURM_PROCID", info.rank, 0, info.size - 1)) info.size = 1;  // inside an allocation, but not started by srun
    info.address = get("SLURM_LAUNCH_NODE_IPADDR").value_or(info.address);
  }
  info.address = get("MASTER_ADDR").value_or(info.address);
  number("MASTER_PORT", info.port, 1, 65535);
  return info;
}

}  // namespace ftok

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
  void gather(std::span<const float> own, int64_t, std::span<float> all) override {
    std::copy(own.begin(), own.end(), all.begin());
  }
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

using Lookup = std::function<std::optional<std::string>(const char*)>;

// "gpu[01-04,7]-ib,login" -> "gpu01-ib": srun starts rank 0 on the first node of a step.
std::string first_node(const std::string& list) {
  const size_t bracket = list.find('['), comma = list.find(',');
  if (bracket == std::string::npos || comma < bracket) return list.substr(0, comma);
  const size_t close = list.find(']', bracket);
  if (close == std::string::npos) return list;
  const size_t digits = list.find_first_of("-,]", bracket + 1);
  const size_t end = std::min(list.find(',', close), list.size());
  return list.substr(0, bracket) + list.substr(bracket + 1, digits - bracket - 1) +
         list.substr(close + 1, end - close - 1);
}

std::string srun_address(const Lookup& get, const std::string& otherwise) {
  if (get("SLURM_STEP_NUM_NODES") == "1") return otherwise;
  if (const auto nodes = get("SLURM_STEP_NODELIST"); nodes && !nodes->empty()) return first_node(*nodes);
  return get("SLURM_LAUNCH_NODE_IPADDR").value_or(otherwise);
}

}  // namespace

Communicator::Slice Communicator::slice(int64_t n, int of_rank) const {
  const int64_t units = (n + kAlignment - 1) / kAlignment;
  const auto at = [&](int64_t r) { return std::min(n, units * r / size() * kAlignment); };
  return {at(of_rank), at(of_rank + 1)};
}

std::unique_ptr<Communicator> make_single_communicator() { return std::make_unique<SingleCommunicator>(); }

RankInfo rank_info_from(const Lookup& get) {
  RankInfo info;
  const auto number = [&](const char* name, int& value, int least, int most) {
    const std::optional<std::string> text = get(name);
    if (text) value = parse_number(name, *text, least, most);
    return text.has_value();
  };
  if (number("WORLD_SIZE", info.size, 1, kRanksMax)) {
    if (!number("RANK", info.rank, 0, info.size - 1) && info.size > 1)
      throw UsageError("WORLD_SIZE is set, but RANK is not");
  } else if (number("SLURM_NTASKS", info.size, 1, kRanksMax)) {
    if (!number("SLURM_PROCID", info.rank, 0, info.size - 1))
      info.size = 1;  // inside an allocation, but not started by srun
    info.address = srun_address(get, info.address);
  }
  info.address = get("MASTER_ADDR").value_or(info.address);
  number("MASTER_PORT", info.port, 1, 65535);
  if (get("TORCHELASTIC_USE_AGENT_STORE") == "True")
    info.port += info.port < 65535 ? 1 : -1;  // torchrun listens on the port itself
  return info;
}

}  // namespace ftok

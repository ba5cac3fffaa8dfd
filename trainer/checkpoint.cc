#include "trainer/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "shards/checksum.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "FTOKCKPT";
constexpr uint64_t kVersion = 2;
constexpr size_t kNumbers = 7;
constexpr size_t kHeaderBytes = 8 + 8 * kNumbers;
constexpr uint64_t kRecipeBytesMax = 1 << 20;
constexpr uint64_t kDataBytesMax = 1 << 20;
constexpr uint64_t kElementsMax = uint64_t{1} << 37;

template <typename T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

bool is_checkpoint_name(const std::string& name) {
  return name.size() == 19 && name.starts_with("step-") && name.ends_with(".ckpt") &&
         name.find_first_not_of("0123456789", 5) == 14;
}

}  // namespace

std::vector<std::string> list_checkpoints(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (is_checkpoint_name(entry.path().filename().string())) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void write_checkpoint(const std::string& folder, const Checkpoint& checkpoint, int64_t keep) {
  make_folder(folder);
  const std::string path = fmt::format("{}/step-{:09}.ckpt", folder, checkpoint.step);
  const std::vector<uint64_t> numbers = {kVersion,
                                         checkpoint.step,
                                         checkpoint.windows_read,
                                         checkpoint.data.size(),
                                         checkpoint.losses.size(),
                                         checkpoint.parameters.size(),
                                         checkpoint.recipe.size()};
  ChecksummedFile file(path);
  file.write(kMagic);
  file.write(bytes_of(numbers));
  file.write(checkpoint.recipe);
  file.write(checkpoint.data);
  file.write(bytes_of(checkpoint.losses));
  file.write(bytes_of(checkpoint.parameters));
  file.write(bytes_of(checkpoint.first_moments));
  file.write(bytes_of(checkpoint.second_moments));
  file.write_checksum();
  file.commit();
  const std::vector<std::string> paths = list_checkpoints(folder);
  for (size_t i = 0; i + static_cast<size_t>(std::max<int64_t>(1, keep)) < paths.size(); ++i) remove_file(paths[i]);
}

Result<Checkpoint> read_checkpoint(const std::string& path) { return parse_checkpoint(MappedFile(path).bytes()); }

Result<Checkpoint> parse_checkpoint(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return Damage{"ckpt_short", fmt::format("{} bytes", bytes.size()), 0};
  if (!bytes.starts_with(kMagic)) return Damage{"ckpt_bad_magic", "", 0};
  uint64_t numbers[kNumbers];
  std::memcpy(numbers, bytes.data() + kMagic.size(), sizeof numbers);
  const auto [version, step, windows_read, data_bytes, losses, elements, recipe_bytes] = numbers;
  if (version != kVersion) return Damage{"ckpt_bad_version", fmt::format("{}", version), 8};
  if (elements > kElementsMax || recipe_bytes > kRecipeBytesMax || data_bytes > kDataBytesMax ||
      losses > kRecentLosses ||
      bytes.size() != kHeaderBytes + recipe_bytes + data_bytes + 8 * losses + 12 * elements + kChecksumBytes) {
    return Damage{"ckpt_bad_size", fmt::format("{} bytes for {} elements", bytes.size(), elements), 40};
  }
  if (!ends_in_checksum(bytes)) return Damage{"ckpt_bad_checksum", "", bytes.size() - kChecksumBytes};
  Checkpoint checkpoint;
  checkpoint.step = step, checkpoint.windows_read = windows_read;
  size_t at = kHeaderBytes;
  checkpoint.recipe = bytes.substr(at, recipe_bytes), at += recipe_bytes;
  checkpoint.data = bytes.substr(at, data_bytes), at += data_bytes;
  checkpoint.losses.resize(losses);
  if (losses > 0) std::memcpy(checkpoint.losses.data(), bytes.data() + at, 8 * losses);
  at += 8 * losses;
  for (std::vector<float>* values : {&checkpoint.parameters, &checkpoint.first_moments, &checkpoint.second_moments}) {
    values->resize(elements);
    if (elements > 0) std::memcpy(values->data(), bytes.data() + at, elements * sizeof(float));
    at += elements * sizeof(float);
  }
  return checkpoint;
}

std::optional<Checkpoint> read_latest_checkpoint(const std::string& folder, const Log& log) {
  const std::vector<std::string> paths = list_checkpoints(folder);
  for (size_t i = paths.size(); i > 0; --i) {
    Result<Checkpoint> checkpoint = read_checkpoint(paths[i - 1]);
    if (checkpoint) return std::move(*checkpoint);
    const Damage& damage = checkpoint.damage();
    log(LogLevel::kWarning,
        fmt::format("{}: damaged ({}{}{}){}", paths[i - 1], damage.code.view(), damage.detail.empty() ? "" : ": ",
                    damage.detail, i > 1 ? "; resuming from the one before it" : ""));
  }
  if (!paths.empty()) throw Error(fmt::format("{}: every checkpoint is damaged; remove them to start over", folder));
  return std::nullopt;
}

}  // namespace ftok

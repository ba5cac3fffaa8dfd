#include "pipeline/job/earlier_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/error.h"
#include "core/hex.h"
#include "core/signals.h"
#include "crawl/s3.h"
#include "pipeline/job/nameless_file.h"

namespace ftok {
namespace {

constexpr uint64_t kKeysReadBytes = uint64_t{64} << 20;  // of one request
constexpr std::string_view kKeysEnding = ".keys";

std::shared_ptr<const MappedFile> fetched_keys(const TaskContext& context, const S3Store& store, const KeysPart& part) {
  const NamelessFile file(context.job.path_of("work"));
  const S3Address address = parse_s3_address(part.path);
  const uint64_t end = part.stretch.begin + part.stretch.bytes;
  for (uint64_t at = part.stretch.begin; at < end; at += kKeysReadBytes) {
    if (stop_requested()) throw Stopped();
    file.write(store.read(address, at, std::min(kKeysReadBytes, end - at)));
  }
  return std::make_shared<const MappedFile>(file.path());
}

// The file of inputs that lies beside a file of a job's keys.
std::vector<PackedPart> inputs_beside(const S3Store* store, const KeysPart& file) {
  const std::string path = file.path.substr(0, file.path.size() - kKeysEnding.size()) + ".inputs.jsonl";
  if (store == nullptr) return read_packed_parts(path);
  const std::optional<std::string> text = store->get(parse_s3_address(path));
  if (!text) throw Error(path + " is not there");
  return parse_packed_parts(*text, path);
}

// Where the parts lie in it: none where its inputs are not those that it was made of.
std::vector<FileStretch> stretches_of(const KeysPart& file, const std::vector<PackedPart>& inputs) {
  std::vector<FileStretch> stretches;
  uint64_t at = 0;
  for (const PackedPart& input : inputs) {
    const auto bytes = input.bytes.find("keys");
    if (bytes == input.bytes.end() || bytes->second > file.stretch.bytes - at) return {};
    stretches.push_back({at, bytes->second});
    at += bytes->second;
  }
  return at == file.stretch.bytes && inputs.size() == file.inputs ? stretches : std::vector<FileStretch>();
}

// None where what is there is not as long as it was, or not what it was.
std::vector<std::unique_ptr<PartKeys>> open(const TaskContext& context, const KeysPart& file) {
  std::optional<S3Store> store;
  if (is_s3_address(file.path)) store.emplace(context.options.fetch, context.log);
  if (!store && !std::filesystem::exists(file.path)) throw Error(file.path + " is not there");
  const std::shared_ptr<const MappedFile> mapped =
      store ? fetched_keys(context, *store, file) : std::make_shared<const MappedFile>(file.path);
  std::vector<FileStretch> stretches = {{0, mapped->bytes().size()}};
  if (file.inputs > 0) {
    if (checksum_of(mapped->bytes()) != to_hex(file.checksum)) return {};
    stretches = stretches_of(file, inputs_beside(store ? &*store : nullptr, file));
  }
  const auto check = file.inputs > 0 ? PartKeys::Check::kSizesOnly : PartKeys::Check::kChecksum;
  std::vector<std::unique_ptr<PartKeys>> parts;
  try {
    for (const FileStretch& stretch : stretches) parts.push_back(std::make_unique<PartKeys>(mapped, check, stretch));
  } catch (const Error&) {
    return {};
  }
  if (file.inputs == 0 && parts[0]->checksum() != file.checksum) return {};
  return parts;
}

}  // namespace

std::vector<std::unique_ptr<PartKeys>> open_earlier(const TaskContext& context, const KeysPart& file) {
  std::vector<std::unique_ptr<PartKeys>> parts = open(context, file);
  uint64_t documents = 0;
  for (const auto& part : parts) documents += part->size();
  if (!parts.empty() && documents == file.documents) return parts;
  throw Error(fmt::format("{} holds other keys than when the job was planned", file.path), kConfigurationExitCode);
}

}  // namespace ftok

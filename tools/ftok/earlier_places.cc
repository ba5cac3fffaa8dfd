#include "tools/ftok/earlier_places.h"

#include <algorithm>
#include <filesystem>

#include "shards/job_manifest.h"
#include "shards/manifest.h"
#include "shards/packed_part.h"

namespace ftok::cli {
namespace {

constexpr std::string_view kKeysEnding = ".keys", kInputsEnding = ".inputs.jsonl";

bool tells_of_keys(std::string_view name) {
  const std::string_view base = name.substr(name.rfind('/') + 1);
  return base == kManifestName || base == kJobName || name.ends_with(kInputsEnding);
}

// Where the parts in a keys file end: one part in a run's, one for each input in a job's.
std::vector<uint64_t> part_ends(const std::string& copy, const std::string& name, uint64_t size) {
  const std::string inputs = copy + "/" + name.substr(0, name.size() - kKeysEnding.size()) + std::string(kInputsEnding);
  if (!std::filesystem::exists(inputs)) return {size};
  std::vector<uint64_t> ends;
  uint64_t end = 0;
  for (const PackedPart& part : read_packed_parts(inputs)) ends.push_back(end += part.bytes.at("keys"));
  return ends;
}

// The first and last bytes of each part of the keys: who only counts the documents reads no more.
void fetch_ends(const JobPlace& place) {
  std::vector<S3Object> keys = place.store()->list("");
  std::erase_if(keys, [](const S3Object& object) { return !object.key.ends_with(kKeysEnding); });
  JobStore::for_each(keys.size(), [&](size_t i) {
    const auto& [name, size, etag] = keys[i];
    if (size < PartKeys::kHeaderBytes + PartKeys::kFooterBytes) return place.store()->fetch(name);  // of no inputs
    uint64_t begin = 0, end = PartKeys::kHeaderBytes;  // of what is fetched next
    for (const uint64_t part_end : part_ends(place.folder(), name, size)) {
      if (part_end > size || part_end < PartKeys::kFooterBytes) break;  // damaged, as who opens it says
      place.store()->fetch_part(name, size, begin, end - begin);
      begin = part_end - PartKeys::kFooterBytes;
      end = std::min(part_end + PartKeys::kHeaderBytes, size);
    }
    place.store()->fetch_part(name, size, begin, end - begin);
  });
}

}  // namespace

EarlierPlaces::EarlierPlaces(const std::vector<std::string>& places, Keys keys)
    : fetched_(places, [keys](std::string_view name) {
        return tells_of_keys(name) || (keys == Keys::kWhole && name.ends_with(kKeysEnding));
      }) {
  if (keys == Keys::kWhole) return;
  for (const auto& copy : fetched_.copies()) fetch_ends(*copy);
}

void EarlierPlaces::give_addresses(Plan& plan) const {
  const auto give = [&](EarlierDocuments& earlier) {
    for (KeysPart& part : earlier.parts) part.path = fetched_.shown(part.path);
  };
  give(plan.earlier);
  for (RoutedCorpus& corpus : plan.corpora) give(corpus.earlier);
}

}  // namespace ftok::cli

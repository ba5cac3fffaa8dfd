#include "pipeline/job/input_versions.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "core/error.h"
#include "pipeline/job.h"
#include "pipeline/job_store.h"

namespace ftok {
namespace {

constexpr size_t kListed = 8;  // so many in one folder are listed, fewer asked for one by one

void note(const std::string& name, const std::optional<S3Object>& object, JobManifest::Input& input) {
  if (!object) throw Error(name + " is not there");
  input.bytes = object->size;
  input.etag = object->etag;
}

}  // namespace

void note_versions(const S3Store& store, const std::vector<std::string>& names,
                   std::vector<JobManifest::Input>& inputs) {
  std::map<std::string, std::vector<size_t>> by_folder;
  for (size_t i = 0; i < names.size(); ++i) {
    if (is_s3_address(names[i]) && store.can_find(parse_s3_address(names[i])))
      by_folder[names[i].substr(0, names[i].rfind('/') + 1)].push_back(i);
  }
  std::vector<std::pair<std::string, std::vector<size_t>>> folders(by_folder.begin(), by_folder.end());
  JobStore::for_each(folders.size(), [&](size_t f) {
    const auto& [folder, members] = folders[f];
    std::map<std::string, S3Object> listed;
    if (members.size() >= kListed) {
      for (S3Object& object : store.list(parse_s3_address(folder))) listed[object.key] = object;
    }
    for (const size_t i : members) {
      const S3Address address = parse_s3_address(names[i]);
      const auto found = listed.find(address.key);
      note(names[i], found != listed.end() ? std::optional(found->second) : store.find(address), inputs[i]);
    }
  });
}

void check_version(const S3Store& store, const std::string& name, const JobManifest::Input& planned) {
  if (!planned.etag) return;
  const std::optional<S3Object> now = store.find(parse_s3_address(name));
  if (now && now->etag == *planned.etag) return;
  throw Error(fmt::format("{} {} after the job was planned", name, now ? "was replaced" : "was removed"),
              kConfigurationExitCode);
}

}  // namespace ftok

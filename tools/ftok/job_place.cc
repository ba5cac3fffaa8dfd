#include "tools/ftok/job_place.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/file.h"
#include "core/temporary_files.h"
#include "shards/manifest.h"
#include "tools/ftok/models.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace fs = std::filesystem;

std::string absolute_place(const std::string& place) {
  if (is_s3_address(place)) return place;
  refuse_address(place);  // of another scheme
  return fs::absolute(place).lexically_normal().string();
}

JobPlace::JobPlace(const std::string& place, const std::string& work, const FetchOptions& fetch, const Log& log) {
  if (!is_s3_address(place)) {
    if (!work.empty()) throw UsageError("--work: needs a job in an object store, s3://BUCKET/PREFIX");
    refuse_address(place);  // of another scheme
    folder_ = place;
    return;
  }
  S3Store(fetch).check(place);
  const std::string parent = fs::absolute(work.empty() ? cache_folder() + "/work" : work).lexically_normal().string();
  make_folder(parent);
  remove_dead_temporaries(parent);  // copies of commands that were killed
  lock_ = create_temporary_folder(parent + "/job", folder_);
  store_ = std::make_shared<JobStore>(place, folder_, fetch, log);
}

JobPlace::~JobPlace() {
  if (!store_) return;
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  ::close(lock_);
}

void JobPlace::store_all() const {
  if (!store_) return;
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), folder_).generic_string());
  }
  const auto manifest =
      std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name != kManifestName; });
  store_->store({names.begin(), manifest});
  store_->store({manifest, names.end()});
}

std::string JobPlace::shown(std::string text) const {
  if (!store_) return text;
  for (size_t at = 0; (at = text.find(folder_, at)) != std::string::npos;) {
    const std::string address = store_->address();
    text.replace(at, folder_.size(), address);
    at += address.size();
  }
  return text;
}

Log JobPlace::shown(const Log& log) const {
  if (!store_) return log;
  return [this, log](LogLevel level, const std::string& message) { log(level, shown(message)); };
}

FetchedPaths::FetchedPaths(const std::vector<std::string>& paths, const Wanted& wanted)
    : FetchedPaths(paths, Fetch([&wanted](JobStore& store) { store.refresh("", wanted); })) {}

FetchedPaths::FetchedPaths(const std::vector<std::string>& paths, const Fetch& fetch_folder) {
  for (const std::string& path : paths) {
    if (!is_s3_address(path)) {
      paths_.push_back(path);
      continue;
    }
    const FetchOptions fetch = fetch_options_of_environment();
    const S3Address address = parse_s3_address(path);
    const bool is_object = !address.key.empty() && !path.ends_with('/') && S3Store(fetch).find(address).has_value();
    const std::string name = is_object ? address.key.substr(address.key.rfind('/') + 1) : "";
    copies_.push_back(
        std::make_unique<JobPlace>(path.substr(0, path.size() - name.size()), "", fetch, stderr_log(true)));
    const JobPlace& copy = *copies_.back();
    if (is_object) {
      copy.store()->refresh(kManifestName);
      copy.store()->refresh(name.substr(0, name.rfind('.')));  // with what lies beside it
    } else {
      fetch_folder(*copy.store());
    }
    if (fs::is_empty(copy.folder())) throw Error(path + ": there is nothing");
    paths_.push_back(is_object ? copy.folder() + "/" + name : copy.folder());
  }
}

std::string FetchedPaths::shown(std::string text) const {
  for (const auto& copy : copies_) text = copy->shown(std::move(text));
  return text;
}

}  // namespace ftok::cli

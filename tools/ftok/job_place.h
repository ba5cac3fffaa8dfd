// Where the job, or the finished folder, lies that a command is about: in a folder of this machine, or in an object
// store, of which the command has a copy of its own while it works.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "core/signals.h"
#include "crawl/access_refused.h"
#include "crawl/s3.h"
#include "pipeline/job.h"
#include "pipeline/job_store.h"

namespace ftok::cli {

// A folder as an absolute path, an s3:// address as it is; throws UsageError for another address.
std::string absolute_place(const std::string& place);

// Serial.
class JobPlace {
 public:
  // `place`: a folder, or s3://BUCKET/PREFIX, whose copy is made below `work` (empty: below the cache folder). Throws
  // UsageError naming what is wrong, AccessRefused where there are no credentials.
  JobPlace(const std::string& place, const std::string& work, const FetchOptions& fetch, const Log& log);
  ~JobPlace();
  JobPlace(const JobPlace&) = delete;
  JobPlace& operator=(const JobPlace&) = delete;

  bool is_stored() const { return store_ != nullptr; }
  const std::shared_ptr<JobStore>& store() const { return store_; }
  const std::string& folder() const { return folder_; }  // as it was named, or of the copy
  Job open(Job::Check check) const { return store_ ? Job(store_, check) : Job(folder_, check); }

  // Stores all files of the copy, the manifest last.
  void store_all() const;

  // A message with the place in it in place of the copy.
  std::string shown(std::string text) const;
  Log shown(const Log& log) const;

  // Calls work() and names the place in what it throws.
  template <typename Work>
  auto named(Work&& work) const {
    try {
      return work();
    } catch (const Stopped&) {
      throw;
    } catch (const UsageError& error) {
      throw UsageError(shown(error.what()));
    } catch (const AccessRefused& error) {
      throw AccessRefused(shown(error.what()), error.exit_code());
    } catch (const Error& error) {
      throw Error(shown(error.what()), error.exit_code());
    }
  }

 private:
  std::string folder_;
  std::shared_ptr<JobStore> store_;
  int lock_ = -1;  // of the copy's folder
};

// Does the work of a command about a job. What is refused, also for want of credentials, ends it with
// kConfigurationExitCode.
template <typename Work>
void about_job(const Work& work) {
  try {
    work();
  } catch (const AccessRefused& error) {
    throw Error(error.what(), kConfigurationExitCode);
  }
}

// Folders and files to read, of which those in an object store are fetched first, each folder as a whole and each file
// with those of its name (a shard with its sidecar).
class FetchedPaths {
 public:
  // `wanted`: the names of a folder that are; null: all.
  using Wanted = std::function<bool(std::string_view name)>;
  explicit FetchedPaths(const std::vector<std::string>& paths, const Wanted& wanted = nullptr);
  // `fetch`: fetches what is wanted of a folder.
  using Fetch = std::function<void(JobStore& store)>;
  FetchedPaths(const std::vector<std::string>& paths, const Fetch& fetch);

  const std::vector<std::string>& paths() const { return paths_; }  // on this machine
  const std::vector<std::unique_ptr<JobPlace>>& copies() const { return copies_; }
  std::string shown(std::string text) const;  // with addresses in place of copies

  template <typename Work>
  auto named(Work&& work) const {
    try {
      return work();
    } catch (const Stopped&) {
      throw;
    } catch (const UsageError& error) {
      throw UsageError(shown(error.what()));
    } catch (const AccessRefused& error) {
      throw AccessRefused(shown(error.what()), error.exit_code());
    } catch (const Error& error) {
      throw Error(shown(error.what()), error.exit_code());
    }
  }

 private:
  std::vector<std::unique_ptr<JobPlace>> copies_;
  std::vector<std::string> paths_;
};

}  // namespace ftok::cli
